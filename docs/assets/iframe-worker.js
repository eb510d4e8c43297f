// Search without a server. A browser starts no worker for a page of the file system, so the script of the worker runs in a
// hidden frame of the page, and messages go between the two.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "Search";
      const shim = "self.postMessage = (data) => frameElement.answer(data)";
      frame.srcdoc = `<script>${shim}</script><script src="${address}"></script>`;
      frame.answer = (data) => this.dispatchEvent(new MessageEvent("message", {data}));
      this.loaded = new Promise((done) => frame.addEventListener("load", () => done(frame.contentWindow)));
      document.documentElement.append(frame);
    }
    postMessage(data) {
      this.loaded.then((inside) => inside.dispatchEvent(new MessageEvent("message", {data})));
    }
  };
}

"use strict";
// The table, the map and the way between them. Without this script the page shows everything but the map.
(() => {
  const FIRST = 200;
  const MOST_IN_POPUP = 12;
  const MOST_STOPS = 50;
  const find = (selector) => document.querySelector(selector);
  const form = find("#filter");
  const table = find("#table");
  // Each job is a body of the table: its row, and one with more that can be opened.
  const rows = table ? [...table.tBodies] : [];
  const texts = new Map();
  let limit = FIRST;
  let places = [];

  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, `${row.dataset.group} ${row.textContent}`.toLowerCase());
    return texts.get(row);
  };
  const asked = () => {
    const data = new FormData(form);
    return {
      words: (data.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean),
      group: data.get("group") || "",
      failure: data.get("failure") || "",
      phases: new Set(data.getAll("phase")),
    };
  };
  const fits = (row, want) =>
    want.phases.has(row.dataset.phase) &&
    (!want.group || row.dataset.group === want.group) &&
    (!want.failure || row.dataset.failure === want.failure) &&
    want.words.every((word) => textOf(row).includes(word));

  const show = () => {
    const want = asked();
    const fitting = new Set(rows.filter((row) => fits(row, want)));
    let shown = 0;
    for (const row of rows) {
      const fit = fitting.has(row);
      row.hidden = !fit || shown >= limit;
      row.classList.toggle("later", fit && shown >= limit);
      if (fit && shown < limit) shown += 1;
    }
    const number = (count) => count.toLocaleString("en");
    find("#shown").textContent =
      fitting.size === rows.length ? `${number(rows.length)} jobs.` : `${number(fitting.size)} of ${number(rows.length)} jobs${fitting.size ? "" : ": none fits the search and the filters"}.`;
    const more = find("#more");
    more.hidden = fitting.size <= limit;
    more.textContent = `Show all ${number(fitting.size)}`;
    showPlaces(new Set([...fitting].map((row) => row.id)));
    remember();
  };

  // A place has the colour of those of its shown jobs that most need to be looked at.
  const FIRST_PHASES = ["failed", "undecided", "running", "waiting", "done", "left-out"];
  const showPlaces = (ids) => {
    let away = 0;
    for (const [layer, place] of places) {
      const phases = place.jobs.filter(([id]) => ids.has(id)).map(([, , phase]) => phase);
      const phase = FIRST_PHASES.find((each) => phases.includes(each));
      const element = layer.getElement();
      element.classList.remove(...FIRST_PHASES);
      if (phase) element.classList.add(phase);
      element.style.display = phase ? "" : "none";
      if (!phase) away += 1;
      element.style.strokeDasharray = phase === "waiting" ? "4 3" : "none";
    }
    const words = find("#hidden-places");
    if (words) words.textContent = away ? `The filters of the table hide ${away} of ${places.length} places.` : "";
  };

  const sort = (header, descending) => {
    const column = header.cellIndex;
    const numeric = header.dataset.sort === "number";
    const value = (row) => {
      const cell = row.rows[0].cells[column];
      const text = cell.dataset.value ?? cell.textContent.trim();
      return numeric ? Number(text) : text;
    };
    const keys = new Map(rows.map((row) => [row, value(row)]));
    const order = new Intl.Collator("en", { numeric: true }).compare;
    const compare = numeric ? (one, other) => one - other : order;
    const sign = descending ? -1 : 1;
    rows.sort((one, other) => sign * compare(keys.get(one), keys.get(other)));
    table.append(...rows);
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    show();
  };

  // What a person has chosen stays when the page is loaded again.
  const memory = `eocanvas-apply ${document.title.split(":")[0]} ${location.pathname}`;
  const remember = () => {
    const header = table.querySelector("th[aria-sort]");
    const state = {
      text: form.elements.text.value,
      group: form.elements.group?.value,
      failure: form.elements.failure?.value,
      off: [...form.querySelectorAll("[name=phase]:not(:checked)")].map((box) => box.value),
      open: rows.filter((row) => row.classList.contains("open")).map((row) => row.id),
      sort: header ? [header.cellIndex, header.getAttribute("aria-sort") === "descending"] : null,
    };
    try {
      sessionStorage.setItem(memory, JSON.stringify(state));
    } catch {
      // A browser that keeps nothing for files.
    }
  };
  const recall = () => {
    let state = null;
    try {
      state = JSON.parse(sessionStorage.getItem(memory));
    } catch {
      return;
    }
    if (!state) return;
    form.elements.text.value = state.text;
    for (const name of ["group", "failure"]) {
      if (form.elements[name] && [...form.elements[name].options].some((each) => each.value === state[name])) form.elements[name].value = state[name] ?? "";
    }
    for (const box of form.querySelectorAll("[name=phase]")) box.checked = !state.off.includes(box.value);
    for (const row of rows) if (state.open?.includes(row.id)) open(row, true);
    if (state.sort) sort(table.tHead.rows[0].cells[state.sort[0]], state.sort[1]);
  };

  const open = (row, wanted) => {
    row.classList.toggle("open", wanted);
    row.querySelector("button.name")?.setAttribute("aria-expanded", row.classList.contains("open"));
    remember();
  };
  const addButtons = () => {
    for (const row of rows.filter((each) => each.rows.length > 1)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "name";
      button.textContent = row.rows[0].cells[0].textContent;
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => open(row));
      row.rows[0].cells[0].replaceChildren(button);
    }
  };
  const goTo = (id) => {
    const row = document.getElementById(id);
    if (!row || !rows.includes(row)) return;
    if (row.hidden) {
      form.reset();
      limit = Infinity;
      show();
    }
    for (const each of rows) each.classList.remove("chosen");
    row.classList.add("chosen");
    open(row, true);
    row.scrollIntoView({ block: "center" });
    row.querySelector("button.name")?.focus({ preventScroll: true });
  };
  const followHash = () => goTo(location.hash.slice(1));

  const startTable = () => {
    form.hidden = false;
    form.addEventListener("input", () => { limit = FIRST; show(); });
    form.addEventListener("reset", () => setTimeout(() => { limit = FIRST; show(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    find("#more").addEventListener("click", () => { limit = Infinity; show(); });
    for (const header of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.addEventListener("click", () => sort(header, header.getAttribute("aria-sort") === "ascending"));
      header.replaceChildren(button);
    }
    addButtons();
    recall();
    show();
    addEventListener("hashchange", followHash);
    followHash();
    addEventListener("beforeprint", () => {
      for (const row of rows) if (row.dataset.phase === "failed") open(row, true);
    });
  };

  const decode = (text) => {
    const points = [];
    let at = 0;
    const position = [0, 0];
    while (at < text.length) {
      for (const axis of [0, 1]) {
        let shift = 0, value = 0, byte;
        do {
          byte = text.charCodeAt(at++) - 63;
          value |= (byte & 31) << shift;
          shift += 5;
        } while (byte >= 32);
        position[axis] += value & 1 ? ~(value >> 1) : value >> 1;
      }
      points.push([position[1] / 100, position[0] / 100]);
    }
    return points;
  };
  const read = (id) => JSON.parse(find(id).textContent);
  const list = (place) => {
    const box = document.createElement("div");
    const title = document.createElement("strong");
    title.textContent = place.words;
    const links = document.createElement("ul");
    for (const [id, address, phase] of place.jobs.slice(0, MOST_IN_POPUP)) {
      const link = document.createElement("a");
      link.href = `#${id}`;
      link.textContent = `${address} (${phase.replace("-", " ")})`;
      link.addEventListener("click", (event) => { event.preventDefault(); history.replaceState(null, "", link.href); goTo(id); });
      const item = document.createElement("li");
      item.append(link);
      links.append(item);
    }
    box.append(title, links);
    if (place.jobs.length > MOST_IN_POPUP) box.append(`and ${place.jobs.length - MOST_IN_POPUP} more`);
    return box;
  };
  const choose = (place, layer) => {
    if (place.jobs.length === 1) {
      history.replaceState(null, "", `#${place.jobs[0][0]}`);
      goTo(place.jobs[0][0]);
    } else {
      layer.openPopup();
    }
  };
  // Points and collections come as groups, within groups.
  const parts = (layer) => (layer.getLayers ? layer.getLayers().flatMap(parts) : [layer]);
  const byKeyboard = (element, name, chosen) => {
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", name);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      chosen();
    });
  };
  const addPlace = (map, place) => {
    const style = { className: "place", weight: 2, fillOpacity: 0.35 };
    const drawn = L.geoJSON(place.geometry, { style, pointToLayer: (_, at) => L.circleMarker(at, { radius: 7, ...style }) });
    for (const layer of parts(drawn)) {
      const names = place.jobs.slice(0, 3).map(([, name]) => name).join(", ");
      const name = `${names}${place.jobs.length > 3 ? ", ..." : ""}: ${place.words}`;
      layer.bindTooltip(name.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`), { sticky: true });
      if (place.jobs.length > 1) layer.bindPopup(() => list(place)).off("click keypress");
      layer.on("click", () => choose(place, layer));
      layer.on("popupopen", (event) => event.popup.getElement().querySelector("a").focus());
      layer.addTo(map);
      byKeyboard(layer.getElement(), name, () => choose(place, layer));
      places.push([layer, place]);
    }
  };
  const startMap = () => {
    const layers = read("#map-layers");
    const map = L.map("chart", { crs: L.CRS.EPSG4326, minZoom: 0, maxZoom: 14, zoomSnap: 0.5, attributionControl: false, zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches });
    const [west, south, east, north] = layers.bounds;
    const box = L.latLngBounds([south, west], [north, east]);
    map.fitBounds(box.pad(0.15), { maxZoom: 9, animate: false });
    L.control.scale({ imperial: false }).addTo(map);
    L.polygon(read("#land").map(decode).map((ring) => [ring]), { className: "land", interactive: false, stroke: false, fillOpacity: 1, renderer: L.svg({ padding: 0.5 }), smoothFactor: 1 }).addTo(map);
    for (const search of layers.searches) {
      L.geoJSON(search.geometry, { style: { className: "searched", weight: 1, dashArray: "5 4", fill: false }, interactive: false }).addTo(map);
    }
    for (const place of layers.places) addPlace(map, place);
    // Of very many places each would be a stop on the way of who uses the keyboard; the table has them all.
    for (const [layer] of places) layer.getElement().setAttribute("tabindex", places.length > MOST_STOPS ? "-1" : "0");
    // For tests and for curious people.
    window.reportMap = map;
  };

  const startWatching = () => {
    const digest = document.body.dataset.digest;
    const look = async () => {
      try {
        const answer = await fetch("digest", { cache: "no-store" });
        if (answer.ok && (await answer.text()) !== digest) location.reload();
        else find("#live").textContent = "This page follows the ledger.";
      } catch {
        find("#live").textContent = "The server has ended; this page stays as it is.";
      }
    };
    setInterval(look, 2000);
  };

  // Where the drawing is wider than the screen, the present is what is looked for first.
  const line = find(".chart .now");
  if (line) line.closest(".scrolled").scrollLeft = line.getBoundingClientRect().left - innerWidth / 2;
  if (table) startTable();
  if (find("#map-layers")) startMap();
  if (table) show();
  if (document.body.dataset.digest) startWatching();
})();

"""What a policy outside of the manifest allows: its file, and its rules over manifests and plans."""

"""Everything that speaks to ComfyUI: its HTTP API, its websocket, its process and its installation."""

"""Programs that run in ComfyUI's own Python: files of their own, standard library and ComfyUI's packages only."""

"""What ComfyUI's own editor makes of every published workflow template: the truth that our conversion is compared with."""

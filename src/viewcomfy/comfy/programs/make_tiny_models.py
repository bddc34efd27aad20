"""Write tiny models that an unmodified ComfyUI recognises and samples with on a CPU, in a second or two.

    python make_tiny_models.py MODELS_FOLDER

Everything is generated here from fixed seeds, nothing is downloaded; torch and safetensors are all it needs.

| file | what |
|---|---|
| checkpoints/tiny_sd3.safetensors | SD3 in one file: transformer, VAE and a text encoder that is empty, so every prompt is the same |
| diffusion_models/tiny_mmdit.safetensors | the transformer alone |
| vae/tiny_taesd.safetensors | the VAE alone; decode(encode(picture)) is the picture, blurred |
| text_encoders/tiny_clip_l.pt | a CLIP-L, so that prompts matter; 250 MB in memory, 0.3 MB on disk |
| loras/tiny_lora.safetensors | a LoRA for the transformer |
| vae_approx/taesd3_encoder.safetensors, …_decoder… | the VAE's halves, where ComfyUI's taesd previews look for them |

A prompt sets the tint, the seed the blobs, image to image is recognisable, and every step tells of its progress.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch  # type: ignore[import-not-found]  # ComfyUI's Python has it, ours need not
from safetensors.torch import save_file  # type: ignore[import-not-found]  # see above

Weights = dict[str, torch.Tensor]

HEAD = 64
"""Width of an attention head: ComfyUI takes the depth of an SD3 from its width, one head a layer."""
LATENT_CHANNELS, PATCH, POSITIONS = 16, 2, 64
"""64 positions a side of 2 x 2 latents of 8 x 8 pixels: pictures up to 1024 pixels a side."""
TEXT_WIDTH, POOLED_WIDTH = 4096, 2048
PICTURE_CHANNELS = 64
CLIP_WIDTH, CLIP_LAYERS, CLIP_WORDS, CLIP_POSITIONS = 768, 12, 49408, 77
CLIP_STORAGE = 120_000


def normal(seed: int) -> Callable[..., torch.Tensor]:
    """Return a source of normally distributed tensors that is the same on every machine."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, std: float) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * std

    return draw


# --- the transformer --------------------------------------------------------------------------------------------------
def transformer(depth: int = 1) -> Weights:
    """Return an SD3 diffusion transformer. The deviations are chosen so that eight steps give colour blobs, not noise."""
    draw, width, weights = normal(1), HEAD * depth, {}

    def linear(name: str, outputs: int, inputs: int, std: float) -> None:
        weights[f"{name}.weight"] = draw(outputs, inputs, std=std)
        weights[f"{name}.bias"] = torch.zeros(outputs)

    weights["pos_embed"] = _positions(width)
    weights["x_embedder.proj.weight"] = draw(width, LATENT_CHANNELS, PATCH, PATCH, std=0.15)
    weights["x_embedder.proj.bias"] = torch.zeros(width)
    linear("t_embedder.mlp.0", width, 256, 0.05)
    linear("t_embedder.mlp.2", width, width, 0.1)
    linear("y_embedder.mlp.0", width, POOLED_WIDTH, 0.05)
    linear("y_embedder.mlp.2", width, width, 0.2)
    linear("context_embedder", width, TEXT_WIDTH, 0.05)
    for layer in range(depth):
        for side in ("context_block", "x_block"):
            feeds_nothing = layer == depth - 1 and side == "context_block"
            _block(f"joint_blocks.{layer}.{side}", width, linear, weights, feeds_nothing=feeds_nothing)
    linear("final_layer.linear", PATCH * PATCH * LATENT_CHANNELS, width, 0.06)
    linear("final_layer.adaLN_modulation.1", 2 * width, width, 0.2)
    return weights


def _block(name: str, width: int, linear: Callable[..., None], weights: Weights, *, feeds_nothing: bool) -> None:
    """Add one half of a joint block; the text half of the last one is only attended to."""
    linear(f"{name}.attn.qkv", 3 * width, width, 0.15)
    for norm in ("ln_q", "ln_k"):
        weights[f"{name}.attn.{norm}.weight"] = torch.ones(HEAD)
    if not feeds_nothing:
        linear(f"{name}.attn.proj", width, width, 0.15)
        linear(f"{name}.mlp.fc1", 4 * width, width, 0.15)
        linear(f"{name}.mlp.fc2", width, 4 * width, 0.1)
    linear(f"{name}.adaLN_modulation.1", (2 if feeds_nothing else 6) * width, width, 0.2)


def _positions(width: int) -> torch.Tensor:
    """Return sine and cosine of both coordinates for each of the positions."""
    frequency = 10000.0 ** -(torch.arange(width // 4).float() / (width / 4))
    angle = torch.arange(POSITIONS).float()[:, None] * frequency
    line = torch.cat([angle.sin(), angle.cos()], 1)
    down, across = line[:, None, :].expand(-1, POSITIONS, -1), line[None].expand(POSITIONS, -1, -1)
    grid = torch.cat([down, across], -1).reshape(1, POSITIONS * POSITIONS, width)
    return grid.half().float().contiguous()  # as precise as the half that real files hold


# --- the VAE ----------------------------------------------------------------------------------------------------------
class TinyVae:
    """A VAE in the shape of TAESD, laid out by hand: three latent channels carry the picture, blurred."""

    def __init__(self) -> None:
        self.weights: Weights = {"vae_scale": torch.tensor(1.0), "vae_shift": torch.tensor(0.0)}
        self._draw = normal(2)
        line = torch.tensor([1.0, 2.0, 1.0])
        self._blur = torch.outer(line, line) / 16
        self._point = torch.zeros(3, 3)
        self._point[1, 1] = 1
        self._encoder("taesd_encoder")
        self._decoder("taesd_decoder")

    def _encoder(self, name: str) -> None:
        self._convolution(f"{name}.0", PICTURE_CHANNELS, 3, self._point)
        self.weights[f"{name}.0.bias"] = torch.zeros(PICTURE_CHANNELS)
        self._block(f"{name}.1")
        for halving in (2, 6, 10):
            self._convolution(f"{name}.{halving}", PICTURE_CHANNELS, PICTURE_CHANNELS, self._blur)
            for i in (1, 2, 3):
                self._block(f"{name}.{halving + i}")
        last, bias = torch.zeros(LATENT_CHANNELS, PICTURE_CHANNELS, 3, 3), torch.zeros(LATENT_CHANNELS)
        for channel in range(LATENT_CHANNELS):  # latents around zero, a few units wide, as samplers expect them
            scale = 4.0 if channel < 3 else 0.5
            last[channel, channel % 3, 1, 1], bias[channel] = scale, -scale / 2
        self.weights[f"{name}.14.weight"], self.weights[f"{name}.14.bias"] = last, bias

    def _decoder(self, name: str) -> None:
        self._convolution(f"{name}.1", PICTURE_CHANNELS, LATENT_CHANNELS, self._blur / 4)
        self.weights[f"{name}.1.bias"] = torch.cat([torch.full((3,), 0.5), torch.zeros(PICTURE_CHANNELS - 3)])
        for i in (3, 4, 5, 8, 9, 10, 13, 14, 15, 18):
            self._block(f"{name}.{i}")
        for doubling in (7, 12, 17):
            self._convolution(f"{name}.{doubling}", PICTURE_CHANNELS, PICTURE_CHANNELS, self._blur)
        self._convolution(f"{name}.19", 3, PICTURE_CHANNELS, self._point)
        self.weights[f"{name}.19.bias"] = torch.zeros(3)

    def _convolution(self, name: str, outputs: int, inputs: int, kernel: torch.Tensor) -> None:
        """Add one that hands the first three channels on, each through the kernel."""
        weight = torch.zeros(outputs, inputs, 3, 3)
        for channel in range(3):
            weight[channel, channel] = kernel
        self.weights[f"{name}.weight"] = weight

    def _block(self, name: str) -> None:
        """Add a residual block whose last convolution is zero: what comes in goes out."""
        for i in (0, 2, 4):
            weight = self._draw(PICTURE_CHANNELS, PICTURE_CHANNELS, 3, 3, std=0.0 if i == 4 else 0.04)
            self.weights[f"{name}.conv.{i}.weight"] = weight
            self.weights[f"{name}.conv.{i}.bias"] = torch.zeros(PICTURE_CHANNELS)


# --- the text encoder -------------------------------------------------------------------------------------------------
def clip_l() -> Weights:
    """Return a CLIP-L, whose size ComfyUI fixes at 123 million weights.

    Every matrix is a view with row stride one into the same short vector, and torch.save writes a shared storage once.
    """
    storage = normal(3)(CLIP_STORAGE, std=0.03).half()
    ones, zeros = torch.ones(4 * CLIP_WIDTH).half(), torch.zeros(4 * CLIP_WIDTH).half()
    weights: Weights = {}
    offset = 0

    def matrix(rows: int, columns: int) -> torch.Tensor:
        nonlocal offset
        offset = (offset + 7919) % (CLIP_STORAGE - (rows + columns) - 1)  # a prime, so that no two are alike
        return storage.as_strided((rows, columns), (1, 1), offset)

    def linear(name: str, outputs: int, inputs: int) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = matrix(outputs, inputs), zeros[:outputs]

    def norm(name: str) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = ones[:CLIP_WIDTH], zeros[:CLIP_WIDTH]

    weights["text_model.embeddings.token_embedding.weight"] = matrix(CLIP_WORDS, CLIP_WIDTH)
    weights["text_model.embeddings.position_embedding.weight"] = matrix(CLIP_POSITIONS, CLIP_WIDTH)
    for layer in range(CLIP_LAYERS):
        name = f"text_model.encoder.layers.{layer}"
        norm(f"{name}.layer_norm1")
        norm(f"{name}.layer_norm2")
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{name}.self_attn.{projection}", CLIP_WIDTH, CLIP_WIDTH)
        linear(f"{name}.mlp.fc1", 4 * CLIP_WIDTH, CLIP_WIDTH)
        linear(f"{name}.mlp.fc2", CLIP_WIDTH, 4 * CLIP_WIDTH)
    norm("text_model.final_layer_norm")
    weights["text_projection.weight"] = matrix(CLIP_WIDTH, CLIP_WIDTH)
    return weights


def lora(base: Weights, rank: int = 4) -> Weights:
    """Return a LoRA that changes what the transformer's picture half attends to and makes of it."""
    draw, weights = normal(4), {}
    for part in ("attn.qkv", "mlp.fc1", "mlp.fc2"):
        name = f"joint_blocks.0.x_block.{part}"
        outputs, inputs = base[f"{name}.weight"].shape
        weights[f"diffusion_model.{name}.lora_up.weight"] = draw(outputs, rank, std=0.2)
        weights[f"diffusion_model.{name}.lora_down.weight"] = draw(rank, inputs, std=0.2)
        weights[f"diffusion_model.{name}.alpha"] = torch.tensor(float(rank))
    return weights


def write_all(models: Path) -> None:
    """Write every file; one that is there is replaced in one step, so that a ComfyUI never reads half of it."""
    diffusion, pictures = transformer(), TinyVae().weights
    checkpoint = {f"model.diffusion_model.{name}": weight for name, weight in diffusion.items()}
    checkpoint |= {f"first_stage_model.{name}": weight for name, weight in pictures.items()}
    checkpoint["text_encoders.none"] = torch.zeros(1)  # any key will do: it has ComfyUI build a CLIP without encoders

    def write(place: str, save: Callable[[Path], None]) -> None:
        path = models / place
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.partial")
        save(unfinished)
        unfinished.replace(path)

    write("checkpoints/tiny_sd3.safetensors", lambda path: save_file(checkpoint, path))
    write("diffusion_models/tiny_mmdit.safetensors", lambda path: save_file(diffusion, path))
    write("vae/tiny_taesd.safetensors", lambda path: save_file(pictures, path))
    write("text_encoders/tiny_clip_l.pt", lambda path: torch.save(clip_l(), path))
    write("loras/tiny_lora.safetensors", lambda path: save_file(lora(diffusion), path))
    for half in ("encoder", "decoder"):
        weights = {name.removeprefix(f"taesd_{half}."): weight for name, weight in pictures.items() if name.startswith(f"taesd_{half}.")}
        write(f"vae_approx/taesd3_{half}.safetensors", partial(save_file, weights))


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))

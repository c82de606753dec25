"""Writes directories of the form of golden/dream-f32, computed by a transformer written for this check in PyTorch.

    python3 reference_transformer.py < SPECIFICATIONS.json

reads a list of specifications and writes, for each, checkpoint/ (one or several shards), forward.json and
pretrain_adamw.json into its "directory". It follows Dream's modeling code (Qwen2 with full attention) the plain way: heads
that share keys and values are repeated, the rotary embedding turns halves, nothing is fused. The arithmetic is in float32,
or in float64 with "precision": "float64", which shows how much of a difference is rounding.
"""
import json
import math
import os
import struct
import sys

import torch
import torch.nn.functional as functional

BYTES = {"F32": (torch.float32, torch.int32, "i"), "F16": (torch.float16, torch.int16, "h"), "BF16": (torch.bfloat16, torch.int16, "h")}
TORCH_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
OPTIMIZER = {"name": "AdamW", "lr": 3e-3, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1, "max_grad_norm": 1.0}
STEPS = 5


def parameter_shapes(spec):
    width, inner, vocab = spec["hidden_size"], spec["intermediate_size"], spec["vocab_size"]
    key_width = width // spec["num_attention_heads"] * spec["num_key_value_heads"]
    shapes = {"model.embed_tokens.weight": [vocab, width]}
    for layer in range(spec["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name, size in (("q_proj", width), ("k_proj", key_width), ("v_proj", key_width)):
            shapes[f"{prefix}self_attn.{name}.weight"] = [size, width]
            shapes[f"{prefix}self_attn.{name}.bias"] = [size]
        shapes[f"{prefix}self_attn.o_proj.weight"] = [width, width]
        shapes[f"{prefix}mlp.gate_proj.weight"] = [inner, width]
        shapes[f"{prefix}mlp.up_proj.weight"] = [inner, width]
        shapes[f"{prefix}mlp.down_proj.weight"] = [width, inner]
        shapes[f"{prefix}input_layernorm.weight"] = [width]
        shapes[f"{prefix}post_attention_layernorm.weight"] = [width]
    shapes["model.norm.weight"] = [width]
    if not spec["tie_word_embeddings"]:
        shapes["lm_head.weight"] = [vocab, width]
    return shapes


def init(spec, generator):
    """Weights as the file will hold them: rounded to its type. Norms and biases are random too, so that they matter."""
    stored = BYTES[spec["dtype"]][0]
    parameters = {}
    for name, shape in parameter_shapes(spec).items():
        values = torch.randn(shape, generator=generator) * spec["initializer_range"]
        parameters[name] = (values + (1 if name.endswith("norm.weight") else 0)).to(stored)
    return parameters


def write_safetensors(path, tensors, dtype):
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        integers = tensor.contiguous().view(BYTES[dtype][1]).flatten().tolist()
        data = struct.pack(f"<{len(integers)}{BYTES[dtype][2]}", *integers)
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def write_checkpoint(folder, spec, parameters):
    os.makedirs(folder)
    shards = spec["shards"]
    if shards == 1:
        write_safetensors(os.path.join(folder, "model.safetensors"), parameters, spec["dtype"])
    else:
        weight_map = {}
        for i in range(shards):  # every n-th parameter: a reader must not count on an order
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = dict(list(parameters.items())[i::shards])
            write_safetensors(os.path.join(folder, file), part, spec["dtype"])
            weight_map.update({name: file for name in part})
        with open(os.path.join(folder, "model.safetensors.index.json"), "w") as file:
            json.dump({"metadata": {}, "weight_map": weight_map}, file)
    config = {key: value for key, value in spec.items() if key not in ("directory", "dtype", "shards", "seed", "precision")}
    config.update(architectures=["DreamModel"], model_type="Dream", hidden_act="silu", torch_dtype=TORCH_NAMES[spec["dtype"]])
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)


def rms_norm(x, weight, eps):
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps))


def rotate(x, positions, theta):
    """x [B, H, L, S]"""
    half = x.shape[-1] // 2
    # Hugging Face's code computes frequencies and angles in float32.
    frequencies = 1.0 / (theta ** (torch.arange(0, half, dtype=torch.float32) / half))
    angles = positions[:, None, :, None].float() * frequencies
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x[..., :half], x[..., half:]
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)


def forward(spec, parameters, ids, positions=None, mask=None):
    batch, length = ids.shape
    heads, key_heads = spec["num_attention_heads"], spec["num_key_value_heads"]
    size = spec["hidden_size"] // heads
    if positions is None:
        positions = torch.arange(length).expand(batch, length)
    x = parameters["model.embed_tokens.weight"][ids]
    for layer in range(spec["num_hidden_layers"]):
        def weight(name):
            return parameters[f"model.layers.{layer}.{name}"]

        def split(name, count):
            projected = functional.linear(y, weight(f"self_attn.{name}.weight"), weight(f"self_attn.{name}.bias"))
            return projected.view(batch, length, count, size).transpose(1, 2)

        y = rms_norm(x, weight("input_layernorm.weight"), spec["rms_norm_eps"])
        q = rotate(split("q_proj", heads), positions, spec["rope_theta"])
        k = rotate(split("k_proj", key_heads), positions, spec["rope_theta"]).repeat_interleave(heads // key_heads, dim=1)
        v = split("v_proj", key_heads).repeat_interleave(heads // key_heads, dim=1)
        scores = q @ k.transpose(2, 3) / math.sqrt(size)
        if mask is not None:
            scores = scores.masked_fill(mask[:, None, None, :] == 0, -1e30)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, -1)
        x = x + functional.linear(mixed, weight("self_attn.o_proj.weight"))
        y = rms_norm(x, weight("post_attention_layernorm.weight"), spec["rms_norm_eps"])
        gate, up = functional.linear(y, weight("mlp.gate_proj.weight")), functional.linear(y, weight("mlp.up_proj.weight"))
        x = x + functional.linear(functional.silu(gate) * up, weight("mlp.down_proj.weight"))
    x = rms_norm(x, parameters["model.norm.weight"], spec["rms_norm_eps"])
    head = "model.embed_tokens.weight" if spec["tie_word_embeddings"] else "lm_head.weight"
    return functional.linear(x, parameters[head])


def flat(tensor):
    return {"shape": list(tensor.shape), "data": tensor.flatten().tolist()}


def forward_golden(spec, parameters, generator):
    rows, length, padding = 2, 14, 4
    ids = torch.randint(0, spec["vocab_size"], (rows, length), generator=generator)
    mask = torch.ones(rows, length, dtype=torch.long)
    mask[0, :padding] = 0
    positions = (mask.cumsum(-1) - 1).masked_fill(mask == 0, 1)
    with torch.no_grad():
        return {
            "input_ids": ids.tolist(),
            "logits_full_attention": flat(forward(spec, parameters, ids)),
            "attention_mask": mask.tolist(),
            "position_ids": positions.tolist(),
            "logits_left_padded": flat(forward(spec, parameters, ids, positions, mask)),
        }


def pretrain_golden(spec, parameters, generator):
    timesteps = [0.25, 0.5, 0.9]
    rows, length = len(timesteps), 12
    clean = torch.randint(0, spec["vocab_size"], (rows, length), generator=generator)
    mask = torch.rand(rows, length, generator=generator) < torch.tensor(timesteps)[:, None]
    mask[:, 0] = False
    mask[:, 1] = True
    noised = clean.masked_fill(mask, spec["mask_token_id"])
    # log p(x0_i) is read from the logits at i - 1.
    predicted = mask[:, 1:].to(next(iter(parameters.values())).dtype) / torch.tensor(timesteps)[:, None] / (rows * (length - 1))
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=OPTIMIZER["lr"], betas=OPTIMIZER["betas"], eps=OPTIMIZER["eps"], weight_decay=OPTIMIZER["weight_decay"]
    )
    steps, clipped = [], {}
    for step in range(STEPS):
        logits = forward(spec, parameters, noised)
        log_probs = logits.log_softmax(-1)[:, :-1].gather(-1, clean[:, 1:, None]).squeeze(-1)
        loss = -(predicted * log_probs).sum()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), OPTIMIZER["max_grad_norm"])
        if step == 0:
            clipped = {name: tensor.grad.norm().item() for name, tensor in parameters.items()}
        optimizer.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item()})
    return {
        "x0": clean.tolist(),
        "t": timesteps,
        "mask": mask.long().tolist(),
        "xt": noised.tolist(),
        "optimizer": OPTIMIZER,
        "steps": steps,
        "clipped_gradient_norms_step0": clipped,
        "parameter_norms_after_5_steps": {name: tensor.norm().item() for name, tensor in parameters.items()},
    }


def write_directory(spec):
    generator = torch.Generator().manual_seed(spec["seed"])
    stored = init(spec, generator)
    write_checkpoint(os.path.join(spec["directory"], "checkpoint"), spec, stored)
    precision = torch.float64 if spec.get("precision") == "float64" else torch.float32
    parameters = {name: tensor.to(precision) for name, tensor in stored.items()}
    for file, golden in (("forward.json", forward_golden), ("pretrain_adamw.json", pretrain_golden)):
        with open(os.path.join(spec["directory"], file), "w") as out:
            json.dump(golden(spec, parameters, generator), out)


torch.set_num_threads(1)
for specification in json.load(sys.stdin):
    write_directory(specification)

"""An iteration of coupled-GRPO as published (Apple's coupled_grpo.py): rollouts by Dream's sampler, then mu updates.

Three passes a score (all masked, M, its complement), one ratio for the whole batch, no attention mask; the old policy and the reference are
scored once for each update, through the same masks. Advantages are given: what a sandbox does costs both sides the same.
"""
import random
import time

import torch

from dream_generate import diffusion_generate


def per_token_logps(logits_of, ids, prompt_length, mask_id, seed):
    random.seed(seed)
    torch.manual_seed(seed)
    ratio = random.uniform(0.2, 0.8)
    draws = torch.rand(ids.shape)
    completion = torch.arange(ids.shape[1]) >= prompt_length
    first = completion & (draws < ratio)
    second = completion & (draws > ratio)
    views = [torch.where(mask, mask_id, ids) for mask in (completion.expand_as(ids), first, second)]
    logits = logits_of(torch.cat(views))[:, prompt_length - 1:-1]
    targets = ids[:, prompt_length:]
    scores = logits.log_softmax(-1).gather(-1, targets.repeat(3, 1)[..., None])[..., 0].chunk(3)
    return (scores[0] + torch.where(first[:, prompt_length:], scores[1] / ratio, scores[2] / (1 - ratio))) / 2


def iteration(logits_of, reference_of, parameters, adam, prompts, mask_id, options, mu, beta, epsilon, max_grad_norm):
    started = time.perf_counter()
    with torch.no_grad():
        ids = diffusion_generate(logits_of, prompts, mask_id, **options)
    sampled = time.perf_counter()
    score = lambda network, seed: per_token_logps(network, ids, prompts.shape[1], mask_id, seed)
    with torch.no_grad():
        old = [score(logits_of, seed) for seed in range(mu)]
        reference = [score(reference_of, seed) for seed in range(mu)]
    advantages = torch.where(torch.arange(ids.shape[0]) % 2 == 0, 1.0, -1.0)[:, None]
    for seed in range(mu):
        logps = score(logits_of, seed)
        ratio = (logps - old[seed]).exp()
        clipped = ratio.clamp(1 - epsilon, 1 + epsilon)
        difference = reference[seed] - logps
        loss = (-torch.minimum(ratio * advantages, clipped * advantages) + beta * (difference.exp() - difference - 1)).mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, max_grad_norm)
        adam.step()
    return {"samplingMilliseconds": 1000 * (sampled - started)}

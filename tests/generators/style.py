"""Writes fixtures/style.jsonl: made-up votes of the shape that arenas publish, with what style control reads.

    python3 tests/generators/style.py > fixtures/style.jsonl

Verbose answers win more than they deserve: the log-odds of a vote are the difference of the strengths plus 1.2 times
the relative difference in length. `chatty-9b` writes the longest answers and is one of the weaker models.
"""
import json
import math
import random

rng = random.Random(3)
MODELS = {"atlas-70b": (0.9, 380), "brook-8b": (-0.5, 300), "chatty-9b": (-0.3, 900), "dune-32b": (0.4, 240),
          "elm-mini": (-0.6, 260), "flint-pro": (0.6, 330)}
names = sorted(MODELS)
for vote in range(600):
    a, b = rng.sample(names, 2)
    meta, length = {}, {}
    for side, name in (("a", a), ("b", b)):
        tokens = max(5, round(MODELS[name][1] * math.exp(rng.gauss(0, 0.6))))
        length[side] = tokens
        meta[f"sum_assistant_{side}_tokens"] = tokens
        meta[f"header_count_{side}"] = {"h2": rng.randint(0, tokens // 200), "h3": rng.randint(0, tokens // 120)}
        meta[f"list_count_{side}"] = {"ordered": rng.randint(0, tokens // 90), "unordered": rng.randint(0, tokens // 60)}
        meta[f"bold_count_{side}"] = {"**": rng.randint(0, tokens // 50), "__": 0}
    lead = MODELS[a][0] - MODELS[b][0] + 1.2 * (length["a"] - length["b"]) / (length["a"] + length["b"])
    winner = "tie" if rng.random() < 0.15 else "model_a" if rng.random() < 1 / (1 + math.exp(-lead)) else "model_b"
    row = {"model_a": a, "model_b": b, "winner": winner, "evaluation_session_id": f"s{rng.randrange(250)}", "conv_metadata": meta}
    print(json.dumps(row, separators=(",", ":")))

#!/usr/bin/env python3
"""An environment in a process of its own, in the style of Gymnasium: a corridor with a reward at its end.

    ionspice run netlists/learning/external.cir

The class has the usual `reset(seed)` and `step(action)`; `serve` speaks the protocol (lines of JSON, see docs/learning.md).
An environment of the gymnasium package goes the same way: `serve(gymnasium.make("CartPole-v1"), inputs=4, actions=2)`.
"""

import json
import random
import sys


class Corridor:
    """Seven places in a row; the agent starts somewhere in the left half and is rewarded at the right end."""

    places = 7

    def reset(self, seed=None):
        self.place = random.Random(seed).randrange(self.places // 2)
        return self.observe(), {}

    def step(self, action):
        self.place = min(max(self.place + (1 if action == 1 else -1), 0), self.places - 1)
        arrived = self.place == self.places - 1
        return self.observe(), float(arrived), arrived, False, {}

    def observe(self):
        return [1.0 if k == self.place else 0.0 for k in range(self.places)]


def serve(environment, inputs, actions):
    """Answers requests on standard input until it ends."""
    for line in sys.stdin:
        request = json.loads(line)
        command = request["command"]
        if command == "hello":
            answer = {"inputs": inputs, "actions": actions}
        elif command == "reset":
            observation, _ = environment.reset(seed=request["seed"])
            answer = {"observation": [float(x) for x in observation]}
        elif command == "step":
            observation, reward, terminated, truncated, _ = environment.step(request["action"])
            answer = {
                "observation": [float(x) for x in observation],
                "reward": float(reward),
                "done": bool(terminated or truncated),
            }
        else:
            answer = {"error": f"unknown command {command}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(Corridor(), inputs=Corridor.places, actions=2)

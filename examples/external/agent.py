#!/usr/bin/env python3
"""An agent in a process of its own: tabular Q-learning on one-hot observations (lines of JSON, see docs/learning.md)."""

import json
import random
import sys


class QLearning:
    def __init__(self, inputs, actions, seed):
        self.values = [[0.0] * actions for _ in range(inputs)]
        self.random = random.Random(seed)

    def act(self, observation):
        values = self.values[observation.index(1.0)]
        if self.random.random() < 0.1 or len(set(values)) == 1:
            return self.random.randrange(len(values))
        return values.index(max(values))

    def learn(self, observation, action, reward, following):
        values = self.values[observation.index(1.0)]
        future = 0.0 if following is None else max(self.values[following.index(1.0)])
        values[action] += 0.5 * (reward + 0.9 * future - values[action])


def main():
    agent = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request["command"]
        answer = {}
        if command == "hello":
            agent = QLearning(request["inputs"], request["actions"], request["seed"])
        elif command == "act":
            answer = {"action": agent.act(request["observation"])}
        elif command == "learn":
            agent.learn(request["observation"], request["action"], request["reward"], request["next"])
        elif command != "end_episode":
            answer = {"error": f"unknown command {command}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""Say what a run came to: its best policy on fresh episodes, and the summary."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from novice import __version__
from novice.app.assignment import Assignment
from novice.app.audit_words import audit_told
from novice.app.enough import enough_told, held_by
from novice.app.folder import RunFolder
from novice.app.judge import Judge
from novice.app.label import INBOX
from novice.app.modes import final_modes
from novice.app.numbers import interval, return_form
from novice.app.options import is_simulated
from novice.app.practice_words import gain_told, practice_told
from novice.app.shift import final_visits
from novice.app.shown import reactions_told
from novice.app.signal_words import sample_of, signal_told
from novice.app.success import count_silence_as_failure, success_in, success_lines
from novice.envs.seeds import test_seeds
from novice.envs.task import Task
from novice.evaluation.returns import Returns, returns_of
from novice.evaluation.statistics import estimate, paired_difference
from novice.inbox.collect import looked_ahead
from novice.inbox.recording import read_recording
from novice.inbox.store import Inbox
from novice.types import Trajectories


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """The final evaluation: who returned what in the same fresh episodes."""

    best_round: int
    final: Returns
    last: Returns
    brought: Returns | None  # of a policy that came along to practice
    evaluation: Mapping[str, Any]
    replays: Sequence[Mapping[str, Any]]


def final_verdict(folder: RunFolder, judge: Judge) -> Verdict:
    """Play the test episodes with the best round's policy and with the last one's."""
    best, last = folder.best_round(), folder.round_count() - 1
    seeds = test_seeds(judge.test_episodes)
    seen = judge.play(folder.policy(best), seeds)
    final = returns_of(seen)
    last_returns = final
    if last != best:
        last_returns = returns_of(judge.play(folder.policy(last), seeds))
    brought = None
    if folder.goes_on:
        brought = (
            final if best == 0 else returns_of(judge.play(folder.policy(0), seeds))
        )
    evaluation: dict[str, Any] = {
        "final": final.as_json(),
        "random": judge.test.random.as_json(),
    }
    if judge.test.expert is not None:
        evaluation["expert"] = judge.test.expert.as_json()
    if last != best:
        evaluation["last"] = last_returns.as_json()
    evaluation |= final_visits(folder, best, seen)
    evaluation |= final_modes(folder, best, judge.task)
    return Verdict(
        best_round=best,
        final=final,
        last=last_returns,
        brought=brought,
        evaluation=evaluation,
        replays=replays_of(seen, final),
    )


def replays_of(seen: Trajectories, returns: Returns) -> list[dict[str, Any]]:
    """The best, the median and the worst episode, as seeds and executed actions."""
    order = np.argsort(returns.value, kind="stable")
    picked = {
        "best": order[-1],
        "median": order[len(order) // 2],
        "worst": order[0],
    }
    return [replay_of(seen, returns, int(i), label) for label, i in picked.items()]


def replay_of(
    seen: Trajectories, returns: Returns, episode: int, label: str
) -> dict[str, Any]:
    """One episode as its seed and the actions executed in it."""
    length = int(returns.length[episode])
    actions = np.asarray(seen.action_executed)[episode, :length]
    return {
        "label": label,
        "seed": int(returns.seed[episode]),
        "return": float(returns.value[episode]),
        "length": length,
        "actions": actions.tolist(),
    }


def summary_of(
    assignment: Assignment,
    folder: RunFolder,
    judge: Judge,
    verdict: Verdict,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """The machine-readable result; what is not known is absent."""
    test = judge.test
    rounds = [
        {"round": number, **without(folder.measures(number), "validation_returns")}
        for number in range(folder.round_count())
    ]
    summary: dict[str, Any] = {
        "command": assignment.command,
        "env": assignment.env,
        "seed": assignment.seed,
        "version": __version__,
        "random": test.random.told(),
        "rounds": rounds,
        "best_round": verdict.best_round,
        "final": outcome(verdict.final, judge),
        "last": {"round": len(rounds) - 1, **outcome(verdict.last, judge)},
        "seconds": dict(seconds),
    }
    if "mode_averaging" in verdict.evaluation:
        summary["final"]["mode_averaging"] = verdict.evaluation["mode_averaging"]
    if judge.expert is not None and test.expert is not None:
        summary["expert"] = {"name": judge.expert.name, **test.expert.told()}
    if judge.core is None:  # What runs in a compiled program has no `info`.
        count_silence_as_failure(*everybody_in(summary))
    if assignment.by_people or folder.people():
        summary["teacher"] = teacher_of(assignment, folder, judge.task)
    discrete = judge.task.bounds is None
    summary |= audit_told(rounds, discrete=discrete, by_people=assignment.by_people)
    if assignment.command == "reinforce":
        summary |= practice_told(assignment.settings)
        summary |= signal_told(rounds, sample_of(assignment.settings))
        if verdict.brought is not None:
            summary |= gain_told(verdict.brought, verdict.final, verdict.best_round)
    if assignment.command == "dagger":
        summary |= enough_told(
            [folder.measures(number) for number in range(folder.round_count())],
            held_by(judge, by_people=assignment.by_people),
            delivered=verdict.best_round,
        )
    if pays_nothing(judge, verdict, rounds, by_people=assignment.by_people):
        forget_returns(summary)
        limit = judge.task.max_episode_steps
        summary["final"]["episodes"] = how_long(verdict.final, limit)
        summary["last"]["episodes"] = how_long(verdict.last, limit)
        summary["random"]["episodes"] = how_long(test.random, limit)
    return summary


def how_long(returns: Returns, limit: int) -> dict[str, Any]:
    """How episodes went where nothing is paid: their length, and what ended them.

    `ended` counts those that came to an end of their own before the limit of steps.
    """
    return {
        "episodes": len(returns.length),
        "ended": int(np.sum(returns.length < limit)),
        "length": estimate(returns.length.astype(np.float64)).as_json(),
    }


def teacher_of(assignment: Assignment, folder: RunFolder, task: Task) -> dict[str, Any]:
    """Who taught, and whether they were real; `expert` is then only the yardstick."""
    last = folder.measures(folder.round_count() - 1)
    people = folder.people()
    simulated = assignment.simulation is not None or any(map(is_simulated, people))
    found: dict[str, Any] = {
        "people": list(people),
        "simulated": simulated,
        "human_seconds": last.get("human_seconds", folder.start_seconds()),
    }
    if assignment.command == "dagger" and not assignment.by_people:
        found["brought"] = True  # the run's own expert answered the rest
    if assignment.simulation is not None:
        found["simulation"] = assignment.simulation.as_json()
    found |= reactions_of(assignment, folder, task)
    if assignment.by_people and not assignment.by_takeover:
        with contextlib.closing(Inbox(folder.path / INBOX)) as inbox:
            looks = looked_ahead(
                inbox.answers_after(0),
                inbox.question,
                task.head.options,
                half_range=task.half_range,
            )
        if looks:
            found["consequences"] = looks
    return found


def reactions_of(
    assignment: Assignment, folder: RunFolder, task: Task
) -> dict[str, Any]:
    """How fast people reacted at the controls, and how much of it was compensated."""
    if not assignment.by_takeover:
        return folder.reactions()
    last = folder.measures(folder.round_count() - 1)
    return reactions_told(
        read_recording(folder.takeover_path).episodes,
        task,
        used=last.get("lag_seconds"),
    )


def without(measures: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The measures but for one."""
    return {key: value for key, value in measures.items() if key != name}


def outcome(returns: Returns, judge: Judge) -> dict[str, Any]:
    """Return, success, normalized return, the gap to the expert on the same seeds."""
    found = returns.told()
    share = judge.test.normalized(returns)
    if share is not None:
        found["normalized"] = share
    if judge.test.expert is not None:
        gap = paired_difference(returns.value, judge.test.expert.value)
        found["minus_expert"] = {"mean": gap.mean, "ci95": list(gap.ci95)}
    return found


def pays_nothing(
    judge: Judge,
    verdict: Verdict,
    rounds: Sequence[Mapping[str, Any]],
    *,
    by_people: bool,
) -> bool:
    """Whether this is a task without a reward: nobody, the expert included, got any.

    Where people teach there need not be another expert.
    """
    everybody = [judge.test.random, verdict.final, verdict.last]
    if judge.test.expert is not None:
        everybody.append(judge.test.expert)
    elif not by_people:
        return False
    silent = all(not returns.value.any() for returns in everybody)
    return silent and all(entry["return"]["mean"] == 0 for entry in rounds)


def forget_returns(summary: dict[str, Any]) -> None:
    """Leave out what a task without a reward cannot know."""
    for entry in everybody_in(summary):
        for name in ("return", "normalized", "minus_expert"):
            entry.pop(name, None)


def everybody_in(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Whatever holds a return: of chance, the expert, each round and the policies."""
    whole = [
        summary[who] for who in ("random", "expert", "last", "final") if who in summary
    ]
    return [*whole, *summary["rounds"]]


def verdict_lines(summary: Mapping[str, Any]) -> list[str]:
    """The result in a few plain lines; the last one alone says the most."""
    final, last = summary["final"], summary["last"]
    told = ("audit", "signal")
    lines = [summary[name]["says"] for name in told if name in summary]
    if "return" not in final:
        return [
            *lines,
            *ends(summary),
            *success_lines(summary),
            f"the task pays no reward; {without_reward(summary)}",
        ]
    everybody = [summary.get(who, {}) for who in ("random", "expert", "last", "final")]
    form = return_form(*(who["return"]["mean"] for who in everybody if "return" in who))
    for who in ("random", "expert"):
        if who in summary:
            # Where people taught, the task's controller is only there to compare.
            asked = summary.get("teacher", {"brought": True})
            name = who
            if who == "expert" and not asked.get("brought"):
                name = "yardstick"
            lines.append(f"{name:<8} {shown(summary[who], form)}")
    if last["round"] != summary["best_round"]:
        lines.append(f"{'last':<8} {shown(last, form)} (round {last['round']})")
    if sentence := summary.get("gain", {}).get("says"):
        lines.append(f"{'gain':<8} {sentence}")
    if sentence := summary.get("labels", {}).get("imported"):
        lines.append(f"{'labels':<8} {sentence}")
    normalized = ""
    if "normalized" in final:
        normalized = f", normalized {final['normalized']:.3f}"
    lines.append(
        f"{'policy':<8} {shown(final, form)} (round {summary['best_round']},"
        f" chosen on other episodes){normalized}"
    )
    return lines


def ends(summary: Mapping[str, Any]) -> list[str]:
    """How long episodes last, which often says how well it goes without a reward."""
    return [
        f"{who:<8} {found['ended']} of {found['episodes']} episodes end by themselves,"
        f" after {interval(found['length'])} steps"
        for who, part in (("random", "random"), ("policy", "final"))
        if (found := summary[part].get("episodes"))
    ]


def without_reward(summary: Mapping[str, Any]) -> str:
    """How well it went where only the teacher can tell."""
    if "teacher" not in summary:
        apart = summary["rounds"][-1]["expert_disagreement"]["mean"]
        return (
            f"the last policy differs from the expert by {apart:.3f} on states it"
            " visits"
        )
    shares = [
        100 * entry["corrected"]["mean"]
        for entry in summary["rounds"]
        if "corrected" in entry
    ]
    if not shares:
        return "nobody has corrected the policy yet"
    return (
        f"in the last round {shares[-1]:.0f} % of the answers corrected what the policy"
        f" did, in the first one {shares[0]:.0f} %"
    )


def shown(part: Mapping[str, Any], form: str) -> str:
    """What somebody's episodes came to, in a line."""
    found, success = part["return"], success_in(part)
    told = f"{interval(found, form)} over {found['episodes']} episodes"
    return told if success is None else f"{told}, {success}"

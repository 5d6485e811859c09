"""The newcomer's path: the commands of the README, word by word, on simulated hosts in place of the lab."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.world import World

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """What stands in the shell blocks of the README, the lab itself excepted."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["oos"] and words[1] != "lab"]


def test_the_commands_of_the_readme_do_what_it_says(world: World) -> None:
    (world.folder / "runbooks").symlink_to(ROOT / "runbooks")
    world.write("oos.toml", 'runbooks = ["runbooks"]\n')
    world.make_instances("web-1", "web-2")
    said = {}
    for words in commands():
        if words[0] == "exec":  # the shell of simulated guests knows neither uname nor df
            words = [*words[: words.index("--") + 1], "echo hello"]
        said[" ".join(words)] = done = world.run(*words)
        assert done.code == 0, done
    assert len(said) == 9
    assert len(world.run("fleet", "list", "snapshots", "-o", "json").document) == 2
    assert "exec" in said["execution show"].out
    assert "verified" in said["audit verify"].err + said["audit verify"].out


def test_the_template_of_the_readme_is_valid(world: World) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert world.run("template", "validate", world.write("t.yml", text), "--strict").code == 0

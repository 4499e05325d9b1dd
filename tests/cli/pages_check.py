#!/usr/bin/env python3
"""The manual page and the completions: whether they have every command and option that --help has, and whether the shells
take them.

    pages_check.py --passerelle build/release/bin/passerelle --pages build/release/cli/pages
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile


def output(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def options_of(passerelle, command):
    text = output(passerelle, command, "--help").stdout
    return sorted(set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", text.split("Options:")[1].split("Examples:")[0])))


def flags_of(passerelle, command):
    """The options of --help that take no value."""
    text = output(passerelle, command, "--help").stdout.split("Options:")[1].split("Examples:")[0]
    return [name for name, value in re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)( \S+)?(?:  |$)", text, re.M) if not value]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passerelle", required=True, type=os.path.abspath)
    parser.add_argument("--pages", required=True, type=os.path.abspath)
    arguments = parser.parse_args()
    failures = []
    text = {}
    for name in ("passerelle.1", "passerelle.bash", "_passerelle", "passerelle.fish"):
        with open(os.path.join(arguments.pages, name), encoding="utf-8") as file:
            text[name] = file.read()
    listed = output(arguments.passerelle, "--help").stdout.split("Subcommands:")[1].split("Examples:")[0]
    commands = re.findall(r"^  ([a-z]+)\s", listed, re.M)
    if len(commands) < 7:
        failures.append(f"--help lists {commands}")
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(arguments.passerelle, os.path.join(folder, "passerelle"))
        environment = dict(os.environ, PATH=folder + ":" + os.environ["PATH"], HOME=folder, LC_ALL="C.UTF-8")
        for command in commands:
            options = [option for option in options_of(arguments.passerelle, command) if option.startswith("--")]
            if not {"--format", "--threads", "--timeout"} <= set(options):
                failures.append(f"{command} --help lacks common options: {options}")
            manual = text["passerelle.1"].replace("\\-", "-").split(f".SS {command}\n")[1].split("\n.SS ")[0]
            failures += [f"the manual page of {command} lacks {option}" for option in options if option not in manual]
            for flag in flags_of(arguments.passerelle, command):
                if not re.search(re.escape(flag) + r"\\fR$", manual, re.M):
                    failures.append(f"the manual page gives {command} {flag} a value")
                line = (f"source {arguments.pages}/passerelle.bash; COMP_WORDS=(passerelle {command} {flag} --); COMP_CWORD=3; "
                        "_passerelle; printf '%s\\n' \"${COMPREPLY[@]}\"")
                if "--format" not in output("bash", "--norc", "-c", line, env=environment).stdout.split():
                    failures.append(f"bash offers nothing after {command} {flag}")
            # bash itself completes the line.
            line = (f"source {arguments.pages}/passerelle.bash; COMP_WORDS=(passerelle {command} --); COMP_CWORD=2; "
                    "_passerelle; printf '%s\\n' \"${COMPREPLY[@]}\"")
            done = output("bash", "--norc", "-c", line, env=environment)
            failures += [f"bash does not complete {command} {option}: {done.stderr}" for option in options
                         if option not in done.stdout.split()]
            if shutil.which("fish"):
                done = output("fish", "--no-config", "-c",
                              f"source {arguments.pages}/passerelle.fish; complete -C 'passerelle {command} --'", env=environment)
                failures += [f"fish does not complete {command} {option}: {done.stderr}" for option in options
                             if option not in re.split(r"\s", done.stdout)]
            part = text["_passerelle"].split(f"\n{command})\n")[1].split(";;")[0]
            failures += [f"zsh's page lacks {command} {option}" for option in options if f"'*{option}[" not in part]
        line = f"source {arguments.pages}/passerelle.bash; COMP_WORDS=(passerelle check --format s); COMP_CWORD=3; _passerelle; echo ${{COMPREPLY[@]}}"
        # bash cuts words at '='; formats are words of their own.
        if output("bash", "--norc", "-c", line, env=environment).stdout.strip() != "sarif":
            failures.append("bash does not complete --format s to sarif")
        line = f"source {arguments.pages}/passerelle.bash; COMP_WORDS=(passerelle help con); COMP_CWORD=2; _passerelle; echo ${{COMPREPLY[@]}}"
        if output("bash", "--norc", "-c", line, env=environment).stdout.strip() != "convert":
            failures.append("bash does not complete help con to convert")
        if shutil.which("zsh") and (done := output("zsh", "-n", f"{arguments.pages}/_passerelle")).returncode:
            failures.append(f"zsh refuses its page: {done.stderr}")
    for checker in (["mandoc", "-T", "lint", "-W", "error"], ["groff", "-man", "-ww", "-z", "-Tutf8"]):
        if shutil.which(checker[0]):
            done = output(*checker, os.path.join(arguments.pages, "passerelle.1"))
            if done.returncode or "error" in (done.stdout + done.stderr).lower().replace("error.html", ""):
                failures.append(f"{checker[0]}: {done.stdout}{done.stderr}")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

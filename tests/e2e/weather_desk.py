"""A small chain for the tests of the command line: an index, a tool, a model and a parser that fails for one city."""

from e2e.conftest import Project

DESK = """
import json, os, sys, treadle

def asked(what):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "asked.txt"), "a") as log:
        log.write(what + "\\n")

@treadle.trace(kind="tool", idempotent=False)
def notify(city):
    asked(f"notify {city}")

@treadle.trace(kind="retriever")
def look_up(city):
    asked(f"look_up {city}")
    return {"city": city, "weather": "wet"}

@treadle.trace(kind="llm")
def generate(prompt, model="small"):
    asked(f"{model}: {prompt}")
    text = json.dumps({"advice": prompt.split()[-1]})
    return "Sure! " + text if "Oslo" in prompt else text

@treadle.trace
def parse(text):
    return json.loads(text)

@treadle.trace
def chain(city):
    report = look_up(city)
    text = generate(f"In {city} it is {report['weather']}")
    notify(city)
    return parse(text)["advice"]

if __name__ == "__main__":
    for city in sys.argv[1:]:
        try:
            chain(city)
        except ValueError:
            pass
"""
MENDED = DESK.replace("json.loads(text)", "json.loads(text[text.index('{'):])")


def record_desk(project: Project, *cities: str, source: str = DESK) -> str:
    """Record the chain for some cities, forget what was asked for real, and return the id of the newest trace."""
    trace_id = project.record(source, *cities)
    (project.folder / "asked.txt").unlink()
    return trace_id


def asked(project: Project) -> list[str]:
    """Return what was asked for real since the recording."""
    log = project.folder / "asked.txt"
    return log.read_text().splitlines() if log.exists() else []

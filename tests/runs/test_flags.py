"""Flags of a document become a list that acknowledgements can refer to."""

from qperfweb.runs.results import all_flags


def flag(code, message, segment=None):
    return {"code": code, "message": message, "severity": "check", "segment": segment}


def document(*flags, aif=(), segment=()):
    piece = {
        "key": "stress_mid",
        "flags": [flag("clock", "A gap.")],
        "segments": [{"segment": 7, "flags": list(segment)}],
    }
    stress = {"key": "stress", "flags": list(flags), "aif": {"flags": list(aif)}, "slices": [piece]}
    return {"flags": [flag("injection-order", "Stress first.")], "acquisitions": [stress]}


def test_every_flag_knows_its_acquisition_and_slice():
    found = all_flags(document(flag("agent", "No agent."), segment=[flag("few", "Few pixels.")]))
    assert [(f["id"], f["acquisition"], f["slice"], f["segment"]) for f in found] == [
        ("study:injection-order", None, None, None),
        ("stress:agent", "stress", None, None),
        ("stress_mid:clock", "stress", "stress_mid", None),
        ("stress_mid:few:7", "stress", "stress_mid", 7),
    ]


def test_the_same_sentence_at_one_place_is_listed_once_and_another_one_beside_it():
    fact = "protocol-fact-assumed"
    found = all_flags(
        document(flag(fact, "Flip 360."), flag(fact, "TR -1."), flag(fact, "Flip 360."))
    )
    assert [(f["id"], f["message"]) for f in found[1:-1]] == [
        ("stress:protocol-fact-assumed", "Flip 360."),
        ("stress:protocol-fact-assumed#2", "TR -1."),
    ]

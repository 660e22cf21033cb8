from app.actions.kept import Kept


def test_what_was_used_longest_ago_goes_first():
    kept = Kept(limit_bytes=100)
    for name in "ab":
        kept.put(name, name.upper(), 40)
    assert kept.get("a") == "A"
    kept.put("c", "C", 40)
    assert [kept.get(name) for name in "abc"] == ["A", None, "C"]


def test_a_value_that_is_kept_again_counts_once():
    kept = Kept(limit_bytes=100)
    for _ in range(5):
        kept.put("a", "A", 60)
    kept.put("b", "B", 40)
    assert (kept.get("a"), kept.get("b")) == ("A", "B")


def test_one_that_is_larger_than_all_is_not_kept():
    kept = Kept(limit_bytes=100)
    kept.put("a", "A", 101)
    assert kept.get("a") is None

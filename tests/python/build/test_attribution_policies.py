"""The seed of attribution policies: what may stand in it, and by which one a build may credit."""

from pathlib import Path

import pytest

from email_statistics.attribution_policies import SEED, PolicyError, read_policies
from email_statistics.settings import SettingsError, read_settings

HEADER, *ROWS = SEED.read_text(encoding="utf-8").splitlines()
GOOD = "mine,Mine,,24,,touch,false,campaign bulk,all_campaigns,true,last,Our wiki,,"


def _seed(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "attribution_policies.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_presets_of_the_project_are_well() -> None:
    policies = {policy.attribution_policy: policy for policy in read_policies()}
    assert {"klaviyo", "mailchimp", "mailpoet", "braze", "hubspot_linear"} <= policies.keys()
    assert policies["mailchimp"].clicked_window_hours == 720
    assert policies["braze"].source_types == ["campaign", "workflow", "bulk"]
    assert all(policy.source_url for policy in policies.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",24,", ",0,", "clicked_window_hours can't be '0'"),
        (",24,", ",1441,", "less than or equal to 1440"),
        (",24,", ",1.5,", "clicked_window_hours can't be '1.5'"),
        (",24,", ",,", "needs the hours of at least one of opened, clicked, delivered"),
        (",24,", ",1_0,", "clicked_window_hours can't be '1_0': must be a whole number in digits"),
        (",24,", ",+24,", "clicked_window_hours can't be '+24'"),
        (",24,", ",\N{FULLWIDTH DIGIT TWO}4,", "must be a whole number in digits 0 to 9"),
        ("Our wiki", '"Our" wiki', "it isn't a row of a CSV file"),
        ("Our wiki", '"Our wiki', "it isn't a row of a CSV file"),
        ("touch,", "open,", "'touch' or 'send'"),
        ("false", "no", "click_outranks_open can't be 'no'"),
        ("campaign bulk", "campaign emails", "'campaign', 'workflow', 'bulk' or 'transactional'"),
        ("campaign bulk", "", "source_types can't be"),
        ("all_campaigns", "all", "'all_campaigns' or 'product_element'"),
        (",last,", ",newest,", "'last', 'first', 'linear'"),
        ("mine,", "Mine!,", "attribution_policy can't be 'Mine!'"),
        ("mine,", "aesthetix,", "can't be named 'aesthetix'"),
        ("Our wiki,,", "Our wiki,http://x,", "source_url can't be 'http://x'"),
        ("Our wiki,,", "Our wiki", "fewer cells"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    row = GOOD.replace(old, new, 1)
    assert row != GOOD
    with pytest.raises(PolicyError) as error:
        read_policies(_seed(tmp_path, ROWS[0], row))
    assert "attribution_policies.csv, line 3: " in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_good_row_is_read_and_a_name_comes_once(tmp_path: Path) -> None:
    (policy,) = read_policies(_seed(tmp_path, GOOD))
    assert policy.is_single_credit and policy.opened_window_hours is None
    with pytest.raises(PolicyError, match="line 3: 'mine' comes twice"):
        read_policies(_seed(tmp_path, GOOD, GOOD))
    with pytest.raises(PolicyError, match="line 1: the columns must be"):
        read_policies(_seed(tmp_path, GOOD, header=HEADER.replace("label", "name")))
    with pytest.raises(PolicyError, match="can't be read"):
        read_policies(tmp_path / "missing.csv")


def test_a_build_credits_by_a_known_policy_of_a_single_credit() -> None:
    assert read_settings({"attribution_policy": "mailchimp"}).attribution_policy == "mailchimp"
    with pytest.raises(SettingsError, match="did you mean 'klaviyo'"):
        read_settings({"attribution_policy": "klavio"})
    with pytest.raises(SettingsError, match="did you mean 'hubspot_u_shaped'"):
        read_settings({"attribution_policy": "HubSpot U-shaped"})
    with pytest.raises(SettingsError, match="there is aesthetix, klaviyo"):
        read_settings({"attribution_policy": "zzz"})
    with pytest.raises(SettingsError, match=r"can't be \"o'brien\": there is no such policy"):
        read_settings({"attribution_policy": "o'brien"})
    with pytest.raises(SettingsError, match="linear credits several emails"):
        read_settings({"attribution_policy": "hubspot_linear"})
    with pytest.raises(SettingsError, match="every_touched_email credits several emails"):
        read_settings({"attribution_policy": "braze"})

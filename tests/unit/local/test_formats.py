from __future__ import annotations

import pytest

from datacube_runtime.local.registry.custom.formats import fits, is_supported

GOOD = {
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "byte": ["YQ==", "YWI=", "YWJj", "YWJjYQ=="],
    "cidr": ["1.2.3.4/8", "::/128", "01.2.3.4/8", "::ffff:1.2.3.4/24"],
    "creditcard": ["4111 1111 1111 1111"],
    "date": ["2020-01-01", "0000-02-29"],
    "date-time": [
        "2020-01-01T00:00:00Z",
        "2020-01-01t00:00:00.5+01:00",
        "2020-01-01T00:00:00+99:99",
    ],
    "duration": ["1.5h", "22 ns", "1 day", "0", "-1s", "2 hours and", "1 hourly", "1µs"],
    "email": ["a@b", "A B <a@b>", '"a b"@c', "é@b", "a@[1.2.3.4]"],
    "hexcolor": ["#FFF", "aabbcc"],
    "hostname": ["a.bc", "aé.éé", "x1", "☃.com", "a.COM"],
    "ipv4": ["01.2.3.4", "::ffff:1.2.3.4"],
    "ipv6": ["::1", "1:2:3:4:5:6:7:8"],
    "isbn": ["0-321-75104-3", "978-0321751041"],
    "k8s-long-name": ["a.b-c"],
    "k8s-short-name": ["a-b"],
    "mac": ["01:23:45:67:89:ab", "01-23-45-67-89-ab", "0123.4567.89ab", "01:23:45:67:89:ab:cd:ef"],
    "password": [""],
    "rgbcolor": ["rgb( 255 , 1 , 10 )"],
    "ssn": ["111-11 1111"],
    "uri": ["http://a/b", "/a", "mailto:x@y", "http://a:80/", "http://[::1]/x", "s3://bucket/key"],
    "uuid": ["11111111222233334444555555555555"],
    "uuid4": ["11111111-2222-4333-8444-555555555555"],
}
BAD = {
    "bsonobjectid": ["507f1f77bcf86cd79943901"],
    "byte": ["", "YQ", "Y-_=", "YWJj\n"],
    "cidr": ["1.2.3.4/33", "::/129", "1.2.3.4", "::1%a/3"],
    "creditcard": ["4111111111111112"],
    "date": ["2020-02-30", "20-01-01"],
    "date-time": ["2020-01-01", "2020-01-01T24:00:00Z", "2020-01-01T23:59:60Z", "later"],
    "duration": ["1", "x", "5 nope", "h"],
    "email": ["a", "a@", "a..b@c", "a@b, c@d"],
    "hexcolor": ["#FFFF"],
    "hostname": ["-a", "a_b", "a..b", "a" * 64, "1.2.3.4"],
    "ipv4": ["256.1.1.1", "::1", "1.2.3"],
    "ipv6": ["1.2.3.4", "fe80::1%eth0"],
    "isbn": ["0321751044", "9780321751042"],
    "k8s-long-name": ["a..b"],
    "k8s-short-name": ["a.b", "a" * 64],
    "mac": ["01:23:45-67:89:ab", "1:23:45:67:89:ab"],
    "rgbcolor": ["rgb(256,0,0)"],
    "ssn": ["111111111"],
    "uri": ["a/b", "http://a b/", "http://a:x/", "http://a/%zz", ""],
    "uuid": ["x"],
    "uuid4": ["11111111-2222-4333-4444-555555555555"],
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in GOOD.items() for t in texts])
def test_a_text_has_a_format(name: str, text: str) -> None:
    assert fits(name, text)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in BAD.items() for t in texts])
def test_a_text_has_not_a_format(name: str, text: str) -> None:
    assert not fits(name, text)


@pytest.mark.parametrize(
    ("name", "is_known"), [("date-time", True), ("datetime", True), ("time", False)]
)
def test_a_format_that_nobody_knows_is_no_rule(name: str, *, is_known: bool) -> None:
    assert is_supported(name) is is_known

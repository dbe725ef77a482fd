"""One reading of annotated text is spoken, never both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.text_rules import VERSIONS


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("<p><ruby>憂<rt>ゆう</rt>鬱<rt>うつ</rt></ruby>な春が来た。</p>", "ゆううつな春が来た。"),
        ("<ruby>神聖文字<rp>（</rp><rt>ヒエログリフ</rt><rp>）</rp></ruby>を読む。", "ヒエログリフを読む。"),
        ("<ruby>漢<rb>字<rt>かん<rt>じ</ruby>", "かんじ"),  # end tags may be left away
        ("<RUBY class='x'><b>漢</b><rt><i>かん</i></RUBY>字", "かん字"),
        ("<ruby>漢<rt>hàn</rt>字<rt>zì</rt></ruby>", "漢字"),  # pinyin
        ("<ruby>漢<rt>ㄏㄢˋ</rt></ruby>", "漢"),  # bopomofo
        ("<ruby>World<rt>мир</rt></ruby> peace", "World peace"),
        ("&lt;ruby&gt;憂&lt;rt&gt;ゆう&lt;/rt&gt;&lt;/ruby&gt;", "ゆう"),
        ("憂鬱《ゆううつ》な気分だった。", "ゆううつな気分だった。"),
        ("｜霧の都《ロンドン》へ", "ロンドンへ"),
        ("憂鬱（ゆううつ）な気分だった。", "憂鬱な気分だった。"),
        ("憂鬱(ゆううつ)な気分だった。", "憂鬱な気分だった。"),
        (" 彼[かれ]は 毎日[まいにち] 来[く]る", "かれはまいにちくる"),
    ],
)
def test_annotations(source: str, wanted: str) -> None:
    assert spoken(source) == wanted
    assert spoken(source, VERSIONS[1]) != wanted


@pytest.mark.parametrize(
    "text",
    [
        "商品（おすすめ）です",
        "在庫（あり）",
        "東京（日本）へ",
        "《本》を読む",
        "見出し（1）",
        "りんご（あか）",
        "[注] 漢字",
        "Tokyo (とうきょう)",
    ],
)
def test_other_brackets_stay(text: str) -> None:
    assert spoken(text) == text


@given(
    st.lists(
        st.sampled_from(
            [
                "<ruby>",
                "</ruby>",
                "<rt>",
                "<rp>",
                "漢",
                "字",
                "かん",
                "（",
                "）",
                "《",
                "》",
                "[",
                "]",
                "|",
                " ",
            ]
        )
    )
)
def test_nothing_is_left_to_do(parts: list[str]) -> None:
    once = spoken("".join(parts))
    assert spoken(once) == once
    assert "<rt>" not in once

//! Surnames of one character, with which most Chinese and Korean names start.
//!
//! A name is two or three characters, too few to tell `刘晨` in GBK from what the
//! same octets are in EUC-JP. That its first is one of a few dozen surnames is
//! what a reader goes by.

use super::glyph::{Glyph, Kind};
use super::model::EastAsian;
use std::ops::RangeInclusive;

/// Whether all of `text` beyond ASCII is a name of two or three characters that
/// starts with a common surname.
pub(super) fn is_name(text: &[Glyph], used: EastAsian) -> bool {
    let mut beyond = text.iter().filter(|glyph| !glyph.is_ascii());
    let surnames = match used {
        EastAsian::Simplified => SIMPLIFIED,
        EastAsian::Traditional => TRADITIONAL,
        EastAsian::Korean => KOREAN,
        EastAsian::Japanese => return false,
    };
    let length = beyond.clone().count();
    LENGTHS.contains(&length)
        && beyond
            .clone()
            .all(|glyph| glyph.kind == Kind::EastAsian && !glyph.is_kana())
        && beyond
            .next()
            .is_some_and(|first| surnames.contains(first.character))
}

/// How many characters a name has.
pub(super) const LENGTHS: RangeInclusive<usize> = 2..=3;

/// Three of four people in China have one of these.
const SIMPLIFIED: &str = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文";
const TRADITIONAL: &str = "李王張劉陳楊趙黃周吳徐孫胡朱高林何郭馬羅梁宋鄭謝韓唐馮于董蕭程曹袁鄧許傅沈曾彭呂蘇盧蔣蔡賈丁魏薛葉閻余潘杜戴夏鍾汪田任姜范方石姚譚廖鄒熊金陸郝孔白崔康毛邱秦江史顧侯邵孟龍萬段雷錢湯尹黎易常武喬賀賴龔文洪莊江簡詹游柯翁溫";
const KOREAN: &str =
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민진";

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, used: EastAsian) -> bool {
        let glyphs: Vec<_> = text.chars().map(Glyph::of).collect();
        is_name(&glyphs, used)
    }

    #[test]
    fn names_start_with_surnames() {
        for (text, used) in [
            ("刘晨", EastAsian::Simplified),
            ("李春梅", EastAsian::Simplified),
            ("陳家豪", EastAsian::Traditional),
            ("윤영진", EastAsian::Korean),
            ("id 刘晨", EastAsian::Simplified),
        ] {
            assert!(name(text, used), "{text}");
        }
        for (text, used) in [
            ("刘", EastAsian::Simplified),
            ("李春梅花", EastAsian::Simplified),
            ("家豪", EastAsian::Traditional),
            ("林の", EastAsian::Simplified),
            ("林秀", EastAsian::Japanese),
            ("·刘晨", EastAsian::Simplified),
        ] {
            assert!(!name(text, used), "{text}");
        }
    }
}

//! Where a page of destinations ended, and the window that its pages are of.

use std::cmp::Ordering;

use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_store::topology::DestinationPlace;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) as_of: Timestamp,
    pub(super) at: DestinationPlace,
}

/// Greatest value first, then by name and key: as the store orders its lines.
pub(super) fn order(a: &DestinationPlace, b: &DestinationPlace) -> Ordering {
    b.value
        .total_cmp(&a.value)
        .then_with(|| a.name.as_bytes().cmp(b.name.as_bytes()))
        .then_with(|| a.key.cmp(&b.key))
}

impl Place {
    pub(super) fn write(&self) -> String {
        // Bits, so that the place is exactly where it was.
        format!(
            "{}.{:x}.{:x}.{}",
            self.as_of.unix_millis(),
            self.at.value.to_bits(),
            self.at.key,
            hex::encode(&self.at.name)
        )
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let parse = || {
            let mut parts = text.splitn(4, '.');
            let as_of = Timestamp::from_unix_millis(parts.next()?.parse().ok()?);
            let value = f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?);
            let key = u64::from_str_radix(parts.next()?, 16).ok()? as i64;
            let name = String::from_utf8(hex::decode(parts.next()?).ok()?).ok()?;
            let at = DestinationPlace { value, name, key };
            (!value.is_nan()).then_some(Self { as_of, at })
        };
        parse().ok_or_else(super::cursor::not_ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: f64, name: &str) -> Place {
        Place {
            as_of: Timestamp::from_unix_millis(1_795_435_200_000),
            at: DestinationPlace {
                value,
                name: name.into(),
                key: -7,
            },
        }
    }

    #[test]
    fn a_place_survives_being_written_and_orders() {
        let mut all = [
            place(3.5, "b"),
            place(7.0, "c.d"),
            place(3.5, "a"),
            place(-1.0, ""),
        ];
        for one in &all {
            assert_eq!(Place::read(&one.write()).as_ref(), Ok(one));
        }
        all.sort_by(|a, b| order(&a.at, &b.at));
        let names: Vec<&str> = all.iter().map(|place| place.at.name.as_str()).collect();
        assert_eq!(names, ["c.d", "a", "b", ""]);
        for text in [
            "",
            "1",
            "1.2",
            "x.2.1.00",
            "1.7ff8000000000000.1.00",
            "1.0.1.zz",
        ] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}

//! What values look like in formats for people, such as JSON (feature `serde`).
//!
//! Amounts are decimal strings, since a number in JSON is a double in half of the world; bytes are
//! hexadecimal. Each value has one spelling but for the case of hexadecimal digits, and what its bytes
//! ([`crate::codec`]) cannot say is refused here too.

use alloc::{format, string::String};

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::{Signature, SlotError, SlotIndex, codec::hex, signature::KEY_CAPACITY};

/// An amount in decimal digits.
pub(crate) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let amount = text.parse().ok().filter(|_| digits);
    amount
        .filter(|number: &u128| format!("{number}") == text)
        .ok_or_else(|| Error::custom("an amount is a string of decimal digits below 2^128"))
}

/// An address of the settlement layer: `0x` and 40 hexadecimal digits.
pub(crate) mod recipient {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 20], to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("0x{}", hex::encode(bytes)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 20], D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").and_then(hex::decode);
        digits
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::custom("an address is 0x and 40 hexadecimal digits"))
    }
}

/// The number of a one-time key that a key has.
pub(crate) fn key_index<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    at_most(from, KEY_CAPACITY - 1)
}

/// The first one-time key that may sign, or one more than there are.
pub(crate) fn next_index<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    at_most(from, KEY_CAPACITY)
}

fn at_most<'de, D: Deserializer<'de>>(from: D, most: u32) -> Result<u16, D::Error> {
    let index = u16::deserialize(from)?;
    if u32::from(index) <= most {
        Ok(index)
    } else {
        Err(Error::custom(format!("{index} is above {most}")))
    }
}

impl From<SlotIndex> for u8 {
    fn from(slot: SlotIndex) -> Self {
        slot as Self
    }
}

impl TryFrom<u8> for SlotIndex {
    type Error = SlotError;

    fn try_from(index: u8) -> Result<Self, SlotError> {
        Self::from_index(index).ok_or(SlotError { index })
    }
}

impl serde::Serialize for Signature {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&hex::encode(&self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = hex::decode(&text);
        let bytes = bytes.ok_or_else(|| Error::custom("a signature is hexadecimal digits"))?;
        Self::from_bytes(&bytes).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;
    use crate::{
        Account, AccountId, AccountProof, Amount, AssetId, BatchNumber, Deposit, Domain, KeyUse,
        Ledger, NewKeys, Nonce, Order, Receipt, Record, Root, RotateKey, Scope, SignedOrder,
        Transfer, Withdraw, testing::Key,
    };

    /// Round trip, and no other fields.
    fn same<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(value: &T) -> String {
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value);
        if json.starts_with('{') {
            // the innermost first object, whatever it is nested in
            let at = json.rfind('{').unwrap() + 1;
            let more = format!("{}\"more\":1,{}", &json[..at], &json[at..]);
            assert!(serde_json::from_str::<T>(&more).is_err(), "{more}");
        }
        json
    }

    fn orders() -> [Order; 3] {
        let (from, fee, valid_until) = (1, 3, 1 << 60);
        [
            Order::Transfer(Transfer {
                from: AccountId::new(from),
                to: AccountId::new(2),
                amount: Amount::MAX,
                fee: Amount::new(fee),
                valid_until: BatchNumber::new(valid_until),
            }),
            Order::Withdraw(Withdraw {
                from: AccountId::new(from),
                amount: Amount::ZERO,
                fee: Amount::new(fee),
                recipient: core::array::from_fn(|i| i as u8 * 13),
                valid_until: BatchNumber::new(valid_until),
            }),
            Order::RotateKey(RotateKey {
                account: AccountId::new(from),
                slot: SlotIndex::One,
                new_root: Root::ZERO,
                scope: Scope::ROTATE,
                fee: Amount::new(fee),
                valid_until: BatchNumber::new(valid_until),
            }),
        ]
    }

    #[test]
    fn everything_reads_back() {
        let key = KeyUse {
            slot: SlotIndex::One,
            index: 1023,
        };
        for order in orders() {
            same(&order);
            same(&order.record(key));
            let signed = Key::new(5).sign(order, &Domain::ZERO, Nonce::new(7), SlotIndex::Zero, 3);
            same::<SignedOrder>(&signed);
        }
        let keys = NewKeys {
            roots: [Root::ZERO; 2],
            scopes: [Scope::BOTH, Scope::NONE],
        };
        for keys in [None, Some(keys)] {
            let deposit = Deposit {
                to: AccountId::new(1),
                asset: AssetId::new(2),
                amount: Amount::new(3),
                keys,
            };
            same(&deposit);
            same(&Record::Deposit(deposit));
        }
        same(&Record::Noop);
        same(&Record::CollectFees {
            to: AccountId::new(1),
            amount: Amount::new(2),
        });
        let account = Account {
            balance: Amount::new(1 << 100),
            slots: [Key::new(5).slot(Scope::BOTH, 1024); 2],
            ..Account::default()
        };
        same(&account);
        let ledger = Ledger::genesis(
            Domain::ZERO,
            BatchNumber::ZERO,
            [(AccountId::new(3), account)],
        )
        .unwrap();
        same::<AccountProof>(&ledger.prove(AccountId::new(3)));
        same::<AccountProof>(&ledger.prove(AccountId::new(4)));
        same(&Receipt {
            batch_number: BatchNumber::new(5),
            position: 6,
            record: orders()[0].record(key),
        });
    }

    #[test]
    fn names_and_spellings() {
        let [transfer, withdraw, _] = orders();
        let json = same(&transfer);
        assert_eq!(
            json,
            "{\"transfer\":{\"from\":1,\"to\":2,\"amount\":\"340282366920938463463374607431768211455\",\
             \"fee\":\"3\",\"valid_until\":1152921504606846976}}"
        );
        let other = |from: &str, to: &str| {
            let changed = json.replacen(from, to, 1);
            assert_ne!(changed, json);
            serde_json::from_str::<Order>(&changed).is_ok()
        };
        assert!(other("\"3\"", "\"4\""));
        for wrong in [
            "3", "\"03\"", "\"+3\"", "\" 3\"", "\"\"", "\"-3\"", "\"0x3\"", "\"3.0\"",
        ] {
            assert!(!other("\"3\"", wrong), "{wrong}");
        }
        assert!(!other("8211455\"", "8211456\""), "2^128");
        let json = same(&withdraw);
        let address = "0x000d1a2734414e5b6875828f9ca9b6c3d0ddeaf7";
        assert!(json.contains(address), "{json}");
        let with = |address: &str| {
            let json = json.replace("0x000d1a2734414e5b6875828f9ca9b6c3d0ddeaf7", address);
            serde_json::from_str::<Order>(&json)
        };
        assert_eq!(
            with(&address.to_uppercase().replace('X', "x")).unwrap(),
            withdraw
        );
        for wrong in [
            &address[2..],
            &address[..41],
            "0x",
            "0xg00d1a2734414e5b6875828f9ca9b6c3d0ddeaf7",
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_bytes_cannot_say_is_refused() {
        let slot = serde_json::to_string(&Key::new(5).slot(Scope::BOTH, 1024)).unwrap();
        let read = |json: &str| serde_json::from_str::<crate::KeySlot>(json).is_ok();
        assert!(read(&slot) && !read(&slot.replace("1024", "1025")));
        let key = "{\"slot\":1,\"index\":1023}";
        let read = |json: &str| serde_json::from_str::<KeyUse>(json).is_ok();
        assert!(
            read(key) && !read(&key.replace("1023", "1024")) && !read(&key.replace(":1,", ":2,"))
        );
        let order = orders()[0];
        let signed = Key::new(5).sign(order, &Domain::ZERO, Nonce::new(7), SlotIndex::Zero, 3);
        let json = serde_json::to_string(&signed.signature).unwrap();
        let read = |json: &str| serde_json::from_str::<Signature>(json).is_ok();
        assert!(read(&json));
        assert!(
            !read(&json.replacen("\"0300", "\"0004", 1)),
            "one-time key 1024"
        );
        assert!(
            !read(&json.replacen("\"0", "\"", 1)),
            "an odd number of digits"
        );
        assert!(!read("\"\""));
    }
}

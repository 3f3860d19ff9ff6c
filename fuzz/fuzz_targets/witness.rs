//! Stored and sent values from nowhere: the first byte picks the type. What decodes has one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use winterlane_ledger::{
    Account, AccountProof, Deposit, Order, PublicInputs, SignedOrder,
    codec::{CanonicalBytes, decode_batch, encode_batch},
};

fn one_form<T: CanonicalBytes>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((pick, bytes)) = data.split_first() else {
        return;
    };
    match pick % 7 {
        0 => {
            if let Ok(batch) = decode_batch(bytes) {
                assert_eq!(encode_batch(&batch).as_deref(), Ok(bytes));
            }
        }
        1 => one_form::<SignedOrder>(bytes),
        2 => one_form::<Account>(bytes),
        3 => one_form::<Order>(bytes),
        4 => one_form::<Deposit>(bytes),
        5 => one_form::<AccountProof>(bytes),
        _ => one_form::<PublicInputs>(bytes),
    }
});

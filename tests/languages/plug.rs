// SPDX-License-Identifier: MIT
#[no_mangle]
pub extern "C" fn work_here() -> i32 {
    for i in 0..20 {
        let block: Box<[u8]> = vec![1u8; 7111].into_boxed_slice();
        if i < 3 {
            std::mem::forget(block);
        }
    }
    println!("ledger: 7111 20 3");
    1
}

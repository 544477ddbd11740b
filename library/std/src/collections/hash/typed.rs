//! What grows a hash table, for elements of a known type.
//!
//! `hashbrown` grows all its tables by one function, which moves bytes. The autodiff slice calls this one in its place,
//! see `rustc_middle::mono::stand_in`.

// Only the autodiff slice calls these.
#![allow(dead_code)]

use core::alloc::Allocator;
use core::mem::{self, ManuallyDrop};
use core::{cmp, ptr};

use hashbrown::TryReserveError;
use hashbrown::hash_table::HashTable;

/// `RawTable::reserve_rehash`, by a table of its own into which the elements are moved as values of `T`.
///
/// `table` is the `RawTable`, which a `HashTable` is made of and nothing else. If `hasher` panics, the elements that
/// have not been moved yet are lost.
unsafe fn reserve_rehash<T, A: Allocator>(
    table: &mut HashTable<T, A>,
    additional: usize,
    hasher: impl Fn(&T) -> u64,
    is_infallible: bool,
) -> Result<(), TryReserveError> {
    let Some(needed) = table.len().checked_add(additional) else {
        if is_infallible {
            panic!("Hash table capacity overflow");
        }
        return Err(TryReserveError::CapacityOverflow);
    };
    // SAFETY: The old table is not dropped if its allocator has to be.
    let alloc = unsafe { ptr::read(table.allocator()) };
    let larger = HashTable::with_capacity_in(cmp::max(needed, table.capacity() + 1), alloc);
    let mut old = ManuallyDrop::new(mem::replace(table, larger));
    for value in old.drain() {
        let hash = hasher(&value);
        table.insert_unique(hash, value, has_room);
    }
    if !mem::needs_drop::<A>() {
        drop(ManuallyDrop::into_inner(old));
    }
    Ok(())
}

/// The hash that only a table that grows asks for.
fn has_room<T>(_: &T) -> u64 {
    unreachable!("the table has room for all that it had")
}

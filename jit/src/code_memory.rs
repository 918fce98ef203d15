//! Executable memory: one reservation, carved into functions that can be freed one by one.
//!
//! ```text
//!            read+write view                      read+execute view (near the text segment)
//!        ┌─────┬──────┬──────┬───────┐         ┌─────┬──────┬──────┬───────┐
//!        │ f1  │ free │  f2  │ free  │   ===   │ f1  │ free │  f2  │ free  │    one memfd, mapped twice
//!        └─────┴──────┴──────┴───────┘         └─────┴──────┴──────┴───────┘
//!          alloc() writes here                   CodeHandle::ptr points here
//! ```
//!
//! Invariants:
//! - No page is ever writable and executable through the same address (W^X), and code that runs stays
//!   executable while other code is written: no page changes its protection, functions share pages.
//! - Blocks are multiples of [`GRAIN`] bytes; the free list holds disjoint, never adjacent ranges.
//! - Freed memory is filled with trap instructions, so that a stale entry faults at once.
//!
//! Why not cranelift-jit's memory providers: a provider hands out one address to write to and to run at, so
//! W^X means `mprotect` on pages that other regions may be running in; each finalized function costs a page;
//! and memory is freed a whole module at a time. It is still what the call stubs use, see `lower::stubs`.
//!
//! `libc` rather than `memmap2`: the placement hint (`MAP_FIXED_NOREPLACE`) and `memfd_create` are needed,
//! and the former is not in `memmap2`.

use std::collections::BTreeMap;
use std::{fmt, io, ptr};

/// Granularity of allocations: a cache line, so that no two functions share one.
pub const GRAIN: usize = 64;

/// What fills unused memory: `int3` on x86-64; on aarch64 a word of these bytes is undefined as well.
#[cfg(target_arch = "x86_64")]
pub const TRAP_BYTE: u8 = 0xCC;
#[cfg(not(target_arch = "x86_64"))]
pub const TRAP_BYTE: u8 = 0;

/// How far a direct call reaches, with some room (x86-64: rel32; aarch64: 26 bits of words).
#[cfg(target_arch = "x86_64")]
const REACH: usize = (1 << 31) - (1 << 16);
#[cfg(not(target_arch = "x86_64"))]
const REACH: usize = (1 << 27) - (1 << 16);

/// A function's place in an [`Arena`]. Plain data: whoever holds it must give it back with [`Arena::free`]
/// or leave it to the arena's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeHandle {
    /// Where it is executed.
    pub ptr: *const u8,
    /// Bytes of code.
    pub len: usize,
}

/// Why there is no memory.
#[derive(Debug)]
pub enum ArenaError {
    /// The system refused the reservation.
    Map(io::Error),
    /// No free range is large enough.
    Full { wanted: usize, free: usize },
    /// An alignment that is no power of two, or larger than a page.
    Align(usize),
    /// Not a handle of this arena, or freed already.
    NotAllocated,
}

impl fmt::Display for ArenaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArenaError::Map(e) => write!(f, "cannot reserve code memory: {e}"),
            ArenaError::Full { wanted, free } => {
                write!(f, "code memory is full: {wanted} bytes wanted, {free} free")
            }
            ArenaError::Align(a) => write!(f, "cannot align code to {a} bytes"),
            ArenaError::NotAllocated => write!(f, "no such block of code memory"),
        }
    }
}

impl std::error::Error for ArenaError {}

/// The reservation. Dropping it unmaps all code.
pub struct Arena {
    rw: *mut u8,
    rx: *mut u8,
    size: usize,
    /// Offset -> length.
    free: BTreeMap<usize, usize>,
    /// Offset -> length, the blocks handed out.
    used: BTreeMap<usize, usize>,
}

// SAFETY: the mappings belong to this value alone and to no thread in particular; writing needs `&mut`.
unsafe impl Send for Arena {}

impl Arena {
    /// Reserves `size` bytes (rounded up to pages). Memory is only used as it is written to.
    pub fn new(size: usize) -> Result<Arena, ArenaError> {
        // SAFETY: a query without preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096) as usize;
        let size =
            size.max(1).checked_next_multiple_of(page).ok_or(ArenaError::Full { wanted: size, free: 0 })?;
        let fd = MemFd::new(size).map_err(ArenaError::Map)?;
        let rw = map(&fd, ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, 0)
            .map_err(ArenaError::Map)?;
        let rx = match map_near(&fd, size) {
            Ok(rx) => rx,
            Err(e) => {
                // SAFETY: `rw` is the mapping of `size` bytes made above; nothing points into it yet.
                unsafe { libc::munmap(rw.cast(), size) };
                return Err(ArenaError::Map(e));
            }
        };
        register_barrier();
        Ok(Arena { rw, rx, size, free: BTreeMap::from([(0, size)]), used: BTreeMap::new() })
    }

    /// Copies `code` to a new place whose address is a multiple of `align`. `relocate` may then patch the
    /// copy, knowing the address at which it will run; no code can be seen half-written.
    pub fn alloc_with(
        &mut self,
        code: &[u8],
        align: usize,
        relocate: impl FnOnce(&mut [u8], usize),
    ) -> Result<CodeHandle, ArenaError> {
        let (at, len) = self.take(code.len(), align)?;
        // SAFETY: `take` returned a range inside the mapping that no handle covers, so that no code runs
        // there and no other slice of it exists.
        let target = unsafe { std::slice::from_raw_parts_mut(self.rw.add(at), len) };
        target[..code.len()].copy_from_slice(code);
        target[code.len()..].fill(TRAP_BYTE);
        let ptr = self.rx.wrapping_add(at);
        relocate(&mut target[..code.len()], ptr as usize);
        sync_instructions(self.rw.wrapping_add(at), ptr, len);
        Ok(CodeHandle { ptr, len: code.len() })
    }

    /// Copies position-independent `code` to a new place.
    pub fn alloc(&mut self, code: &[u8], align: usize) -> Result<CodeHandle, ArenaError> {
        self.alloc_with(code, align, |_, _| {})
    }

    /// Gives a function's memory back. It may be overwritten from now on.
    ///
    /// # Safety
    /// Nothing executes the function, will return to it, or calls it again.
    pub unsafe fn free(&mut self, code: CodeHandle) -> Result<(), ArenaError> {
        let at = (code.ptr as usize).wrapping_sub(self.rx as usize);
        let len = self.used.remove(&at).ok_or(ArenaError::NotAllocated)?;
        // SAFETY: the range was handed out by `take`; the caller promises that nobody runs it.
        unsafe { self.rw.add(at).write_bytes(TRAP_BYTE, len) };
        sync_instructions(self.rw.wrapping_add(at), code.ptr, len);
        self.release(at, len);
        Ok(())
    }

    /// Can a direct call from anywhere in the arena reach `address`?
    pub fn reaches(&self, address: usize) -> bool {
        let start = self.rx as usize;
        start.abs_diff(address) < REACH && (start + self.size).abs_diff(address) < REACH
    }

    /// Bytes handed out, rounding included.
    pub fn used(&self) -> usize {
        self.used.values().sum()
    }

    /// Bytes reserved.
    pub fn size(&self) -> usize {
        self.size
    }

    /// First fit, lowest address first: keeps code dense. Returns offset and rounded length.
    fn take(&mut self, len: usize, align: usize) -> Result<(usize, usize), ArenaError> {
        if !align.is_power_of_two() || align > 4096 {
            return Err(ArenaError::Align(align));
        }
        let align = align.max(GRAIN);
        let full = |arena: &Arena| ArenaError::Full { wanted: len, free: arena.size - arena.used() };
        let Some(len) = len.max(1).checked_next_multiple_of(GRAIN) else { return Err(full(self)) };
        let fit = self.free.iter().find_map(|(&at, &room)| {
            let start = at.next_multiple_of(align);
            (start - at <= room && room - (start - at) >= len).then_some((at, room, start))
        });
        let Some((at, room, start)) = fit else { return Err(full(self)) };
        self.free.remove(&at);
        if start > at {
            self.free.insert(at, start - at);
        }
        if start + len < at + room {
            self.free.insert(start + len, at + room - start - len);
        }
        self.used.insert(start, len);
        Ok((start, len))
    }

    /// Puts a range on the free list, joined with its free neighbours.
    fn release(&mut self, mut at: usize, mut len: usize) {
        if let Some(next) = self.free.remove(&(at + len)) {
            len += next;
        }
        if let Some((&before, &room)) = self.free.range(..at).next_back()
            && before + room == at
        {
            at = before;
            len += room;
        }
        self.free.insert(at, len);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: both mappings were made by `new` with this size and are unmapped only here. The owner
        // drops the arena when no compiled code runs any more (handles are plain data).
        unsafe {
            libc::munmap(self.rw.cast(), self.size);
            libc::munmap(self.rx.cast(), self.size);
        }
    }
}

/// An anonymous file; the mappings keep its memory alive after it is closed.
struct MemFd(libc::c_int);

impl MemFd {
    fn new(size: usize) -> io::Result<MemFd> {
        // SAFETY: the name is a NUL-terminated string; the call has no other preconditions.
        let fd = unsafe { libc::memfd_create(c"seriema-code".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = MemFd(fd);
        let len = libc::off_t::try_from(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        // SAFETY: `fd` is an open descriptor of ours.
        match unsafe { libc::ftruncate(fd.0, len) } {
            0 => Ok(fd),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for MemFd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is open and ours; it is closed only here.
        unsafe { libc::close(self.0) };
    }
}

fn map(fd: &MemFd, hint: *mut u8, size: usize, prot: i32, flags: i32) -> io::Result<*mut u8> {
    // SAFETY: without MAP_FIXED the kernel never replaces an existing mapping, whatever the hint.
    let p = unsafe { libc::mmap(hint.cast(), size, prot, libc::MAP_SHARED | flags, fd.0, 0) };
    match p {
        libc::MAP_FAILED => Err(io::Error::last_os_error()),
        p => Ok(p.cast()),
    }
}

/// Maps the executable view below the program's text where there is room, so that helpers are in reach of
/// direct calls; elsewhere otherwise (calls are indirect then).
fn map_near(fd: &MemFd, size: usize) -> io::Result<*mut u8> {
    const STEP: usize = 16 << 20;
    let text = map_near as fn(&MemFd, usize) -> io::Result<*mut u8> as usize;
    let prot = libc::PROT_READ | libc::PROT_EXEC;
    for k in 0..4 {
        let Some(hint) = text.checked_sub(size + STEP * (k + 1)) else { break };
        let hint = (hint & !0xFFFF) as *mut u8;
        match map(fd, hint, size, prot, libc::MAP_FIXED_NOREPLACE) {
            // Kernels that do not know the flag take the hint as a hint.
            Ok(p) if p == hint => return Ok(p),
            // SAFETY: the mapping was made in this call and nothing points into it.
            Ok(p) => drop(unsafe { libc::munmap(p.cast(), size) }),
            Err(_) => {}
        }
    }
    map(fd, ptr::null_mut(), size, prot, 0)
}

/// x86-64 keeps instruction fetch coherent with stores through any view of a page.
#[cfg(target_arch = "x86_64")]
fn sync_instructions(_rw: *const u8, _rx: *const u8, _len: usize) {}

/// Cleans the data cache of the written view, invalidates the instruction cache of the executed one, and
/// has every other core refetch.
#[cfg(target_arch = "aarch64")]
fn sync_instructions(rw: *const u8, rx: *const u8, len: usize) {
    unsafe extern "C" {
        fn __clear_cache(start: *const u8, end: *const u8);
    }
    const MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 5;
    // SAFETY: both ranges lie inside the arena's live mappings; cache maintenance changes no contents.
    unsafe {
        __clear_cache(rw, rw.add(len));
        __clear_cache(rx, rx.add(len));
        libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
    }
}

#[cfg(not(target_arch = "aarch64"))]
fn register_barrier() {}

/// Tells the kernel that this process will use the barrier of [`sync_instructions`].
#[cfg(target_arch = "aarch64")]
fn register_barrier() {
    const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 6;
    // SAFETY: has no preconditions; a kernel without it answers an error, and a single thread needs none.
    unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) };
}

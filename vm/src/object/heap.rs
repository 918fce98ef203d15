//! The heap of a VM: pages of equal cells.
//!
//! Memory comes in segments, which are cut into pages of 64 KiB, aligned to their size, so that an object's
//! address says which page it is in and the page which heap. A page holds cells of one size class, and either
//! containers (what the cycle collector looks at) or other objects, with or without a word before them for
//! their `Extras`. Each page has its own list of free cells. What is larger than [`LARGEST`] has a page of
//! its own, allocated for it.
//!
//! A free cell has [`FREE`] in the byte where an object has its kind, so that a walk over the cells finds the
//! objects. A heap outlives its VM as long as somebody keeps an object of it.

use super::spare::Spare;
use super::{Header, Kind};
use crate::layout::HEADER_KIND;
use crate::thread::{BREAK_COLLECT, Breaker};
use std::alloc::Layout;
use std::cell::Cell;

const PAGE: usize = 1 << 16;
const SEGMENT_PAGES: usize = 16;
/// Where the cells of a page begin.
const FIRST: usize = 128;
/// Largest cell in a page that is shared.
const LARGEST: usize = 8192;
/// Cells are multiples of this.
const GRAIN: usize = 16;
/// Largest cell with a size class for every multiple of the grain; beyond, four to a doubling.
const FINE: usize = 1024;
const CLASSES: usize = FINE / GRAIN + 1 + 12;
/// New cells are linked up this many bytes at a time.
const BATCH: usize = 4096;
const FREE: u8 = 0xff;
/// Deeper nesting of objects that free each other is put off.
const DEEPEST: u32 = 50;
const MOST_RESTARTS: u32 = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Cells are taken from it.
    Current,
    /// In its bin's list of pages with free cells.
    Listed,
    /// No cell is free.
    Full,
    Large,
}

/// What stands at the beginning of a page.
pub struct Page {
    heap: *mut Heap,
    /// Address of the first free object; 0: none.
    free: u64,
    used: u32,
    state: State,
    pub container: bool,
    /// A word for `Extras` stands before each object.
    prefix: bool,
    bin: u16,
    cell: usize,
    /// Offset of the cells that were never linked up, and of the end.
    fresh: usize,
    end: usize,
    segment: *mut Segment,
    /// All pages of the heap.
    next: *mut Page,
    prev: *mut Page,
    /// The bin's listed pages.
    next_listed: *mut Page,
    prev_listed: *mut Page,
    /// While the collector works: a number for every cell (see `entry`).
    refs: *mut u32,
}
const _: () = assert!(size_of::<Page>() <= FIRST);

struct Segment {
    base: *mut u8,
    /// A bit for each page that is free.
    free: u16,
}

#[derive(Clone, Copy)]
struct Bin {
    current: *mut Page,
    listed: *mut Page,
}

pub struct Heap {
    /// Containers that live.
    pub containers: usize,
    /// So many ask for a collection.
    pub trigger: usize,
    /// The VM's; null before it is set and once the VM is gone.
    pub breaker: *const Breaker,
    /// Nesting of objects being freed, and those put off.
    depth: u32,
    later: Vec<*mut Header>,
    /// How often `at_depth_0` is under way.
    restarts: u32,
    /// The VM is gone.
    dead: bool,
    /// The oldest page and the newest.
    pages: *mut Page,
    last: *mut Page,
    page_count: usize,
    /// Segments with free pages.
    open: Vec<*mut Segment>,
    bins: [Bin; CLASSES * 4],
    pub(super) spare: Spare,
}

thread_local! {
    /// The heap of the VM that is being made in this thread: its first objects have no class to tell.
    static FIRST_HEAP: Cell<*mut Heap> = const { Cell::new(std::ptr::null_mut()) };
}

#[inline(always)]
fn page_of(p: *const u8) -> *mut Page {
    p.map_addr(|a| a & !(PAGE - 1)).cast_mut().cast()
}
/// The heap of an object.
///
/// # Safety
/// `p` is an object.
#[inline(always)]
pub(super) unsafe fn heap_of(p: *const u8) -> *mut Heap {
    // SAFETY: every object lies in a page.
    unsafe { (*page_of(p)).heap }
}
#[inline(always)]
fn class_of(size: usize) -> usize {
    if size <= FINE {
        return size.div_ceil(GRAIN);
    }
    // Quarters of the doubling below the size.
    let top = (size - 1).ilog2() as usize;
    let quarter = (size - 1) >> (top - 2) & 3;
    FINE / GRAIN + 1 + (top - 10) * 4 + quarter
}
fn class_size(class: usize) -> usize {
    if class <= FINE / GRAIN {
        return class * GRAIN;
    }
    let k = class - FINE / GRAIN - 1;
    (FINE << (k / 4)) / 4 * (5 + k % 4)
}
fn large_layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(FIRST)?, PAGE).ok()
}

/// Memory for an object of `size` bytes whose header is `h`.
///
/// # Safety
/// The caller writes the object's header before anything else is allocated or freed.
#[inline(always)]
pub(super) unsafe fn alloc(size: usize, h: &Header, prefix: bool) -> *mut u8 {
    let ty = h.ty();
    // SAFETY: a class is an object; the first classes are made while the thread's heap is set.
    unsafe {
        let (heap, container) = if ty.is_null() {
            (FIRST_HEAP.get(), true)
        } else {
            (heap_of(ty.cast()), !h.kind().atom() || (*ty).is_heap())
        };
        let size = size + if prefix { 8 } else { 0 };
        if size > LARGEST {
            return (*heap).alloc_large(size, prefix, container);
        }
        let bin = class_of(size) * 4 + container as usize * 2 + prefix as usize;
        (*heap).containers += container as usize;
        let page = (*heap).bins[bin].current;
        if !page.is_null() && (*page).free != 0 {
            return (*page).take();
        }
        (*heap).refill(bin)
    }
}

/// `alloc` of an object of a builtin class without extras, if that takes no call.
///
/// # Safety
/// As of `alloc`; `ty` is an object of the VM.
#[inline(always)]
pub(super) unsafe fn try_alloc(size: usize, kind: Kind, ty: *const u8) -> Option<*mut u8> {
    // SAFETY: as there.
    unsafe {
        let heap = heap_of(ty);
        if size > FINE {
            return None;
        }
        let container = !kind.atom();
        let page = (*heap).bins[class_of(size) * 4 + container as usize * 2].current;
        if page.is_null() || (*page).free == 0 {
            return None;
        }
        (*heap).containers += container as usize;
        Some((*page).take())
    }
}

/// Returns the memory of an object.
///
/// # Safety
/// `p` is from `alloc`; its content is dropped.
#[inline(always)]
pub(super) unsafe fn free(p: *mut u8) {
    let page = page_of(p);
    // SAFETY: as promised.
    unsafe {
        let heap = (*page).heap;
        (*heap).containers -= (*page).container as usize;
        p.cast::<u64>().write((*page).free | (FREE as u64) << (8 * HEADER_KIND));
        (*page).free = p as u64;
        (*page).used -= 1;
        if (*page).state != State::Current && ((*page).used == 0 || (*page).state as u8 >= State::Full as u8)
        {
            (*heap).page_freed(page);
        }
    }
}

impl Page {
    /// A free cell, of which there is one.
    #[inline(always)]
    unsafe fn take(&mut self) -> *mut u8 {
        let p = self.free as *mut u8;
        // SAFETY: a free cell holds the address of the next one.
        self.free = unsafe { *p.cast::<u64>() } & crate::layout::COUNT_MASK;
        self.used += 1;
        p
    }
    /// Offset of the first object.
    fn first(&self) -> usize {
        FIRST + if self.prefix { 8 } else { 0 }
    }
    fn at(&mut self, offset: usize) -> *mut u8 {
        // SAFETY: offsets are inside the page.
        unsafe { (&raw mut *self).cast::<u8>().add(offset) }
    }
    /// Links more cells up. False: there are none.
    fn extend(&mut self) -> bool {
        let end = (self.fresh + BATCH.max(self.cell)).min(self.end);
        let mut last = 0u64;
        let mut offset = self.fresh;
        let mut chain = None;
        while offset + self.cell <= end {
            let p = self.at(offset + if self.prefix { 8 } else { 0 });
            match chain {
                None => self.free = p as u64,
                // SAFETY: a cell of this page.
                Some(before) => unsafe { Page::link(before, p as u64) },
            }
            chain = Some(p);
            last = p as u64;
            offset += self.cell;
        }
        if last == 0 {
            return false;
        }
        // SAFETY: as above.
        unsafe { Page::link(last as *mut u8, 0) };
        self.fresh = offset;
        true
    }
    unsafe fn link(p: *mut u8, next: u64) {
        // SAFETY: a free cell.
        unsafe { p.cast::<u64>().write(next | (FREE as u64) << (8 * HEADER_KIND)) }
    }
    /// Every object of the page. (One whose count is 0 is being freed.)
    fn walk(&mut self, f: &mut dyn FnMut(*mut Header)) {
        let mut offset = self.first();
        while offset < self.fresh {
            let p = self.at(offset);
            // SAFETY: cells that were linked up begin with a header or the mark of a free one.
            if unsafe { *p.add(HEADER_KIND) } != FREE {
                f(p.cast());
            }
            offset += self.cell;
        }
    }
    /// Numbers that the collector's table of this page has.
    fn entries(&self) -> usize {
        self.fresh.min(PAGE) / GRAIN + 1
    }
}

impl Heap {
    fn new() -> *mut Heap {
        let none = Bin { current: std::ptr::null_mut(), listed: std::ptr::null_mut() };
        Box::into_raw(Box::new(Heap {
            containers: 0,
            trigger: usize::MAX,
            breaker: std::ptr::null(),
            depth: 0,
            later: vec![],
            restarts: 0,
            dead: false,
            pages: std::ptr::null_mut(),
            last: std::ptr::null_mut(),
            page_count: 0,
            open: vec![],
            bins: [none; CLASSES * 4],
            spare: Spare::NONE,
        }))
    }

    fn check_trigger(&self) {
        if self.containers >= self.trigger && !self.breaker.is_null() {
            // SAFETY: the VM lives.
            unsafe { (*self.breaker).raise(BREAK_COLLECT) };
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn refill(&mut self, bin: usize) -> *mut u8 {
        self.check_trigger();
        // SAFETY: the pages of a bin belong to this heap.
        unsafe {
            loop {
                let page = self.bins[bin].current;
                if !page.is_null() {
                    if (*page).free != 0 || (*page).extend() {
                        return (*page).take();
                    }
                    (*page).state = State::Full;
                }
                let listed = self.bins[bin].listed;
                if listed.is_null() {
                    self.bins[bin].current = self.new_page(bin);
                } else {
                    self.unlist(listed);
                    (*listed).state = State::Current;
                    self.bins[bin].current = listed;
                }
            }
        }
    }
    unsafe fn new_page(&mut self, bin: usize) -> *mut Page {
        // SAFETY: fresh memory of a page.
        unsafe {
            let (segment, p) = self.page_memory();
            let cell = class_size(bin / 4);
            let end = FIRST + (PAGE - FIRST) / cell * cell;
            let page = p.cast::<Page>();
            page.write(Page {
                heap: self,
                free: 0,
                used: 0,
                state: State::Current,
                container: bin & 2 != 0,
                prefix: bin & 1 != 0,
                bin: bin as u16,
                cell,
                fresh: FIRST,
                end,
                segment,
                next: std::ptr::null_mut(),
                prev: self.last,
                next_listed: std::ptr::null_mut(),
                prev_listed: std::ptr::null_mut(),
                refs: std::ptr::null_mut(),
            });
            self.add_page(page);
            page
        }
    }
    unsafe fn add_page(&mut self, page: *mut Page) {
        // SAFETY: pages of this heap.
        unsafe { if self.last.is_null() { self.pages = page } else { (*self.last).next = page } }
        self.last = page;
        self.page_count += 1;
    }
    unsafe fn remove_page(&mut self, page: *mut Page) {
        // SAFETY: pages of this heap.
        unsafe {
            let (next, prev) = ((*page).next, (*page).prev);
            if next.is_null() {
                self.last = prev
            } else {
                (*next).prev = prev
            }
            if prev.is_null() { self.pages = next } else { (*prev).next = next }
        }
        self.page_count -= 1;
    }
    unsafe fn unlist(&mut self, page: *mut Page) {
        // SAFETY: a listed page of this heap.
        unsafe {
            let (next, prev) = ((*page).next_listed, (*page).prev_listed);
            if !next.is_null() {
                (*next).prev_listed = prev;
            }
            let bin = (*page).bin as usize;
            if prev.is_null() { self.bins[bin].listed = next } else { (*prev).next_listed = next }
        }
    }
    fn segment_layout() -> Layout {
        // SAFETY: a power of two and a multiple of it.
        unsafe { Layout::from_size_align_unchecked(PAGE * SEGMENT_PAGES, PAGE) }
    }
    unsafe fn page_memory(&mut self) -> (*mut Segment, *mut u8) {
        // SAFETY: the open segments belong to this heap.
        unsafe {
            if self.open.is_empty() {
                let layout = Heap::segment_layout();
                let base = std::alloc::alloc(layout);
                if base.is_null() {
                    std::alloc::handle_alloc_error(layout);
                }
                self.open.push(Box::into_raw(Box::new(Segment { base, free: u16::MAX })));
            }
            let s = self.open[self.open.len() - 1];
            let i = (*s).free.trailing_zeros();
            (*s).free &= !(1 << i);
            if (*s).free == 0 {
                self.open.pop();
            }
            (s, (*s).base.add(i as usize * PAGE))
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_large(&mut self, size: usize, prefix: bool, container: bool) -> *mut u8 {
        self.check_trigger();
        let layout = large_layout(size).expect("objects are smaller than memory");
        // SAFETY: fresh memory for a page with one cell.
        unsafe {
            let page = std::alloc::alloc(layout).cast::<Page>();
            if page.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            page.write(Page {
                heap: self,
                free: 0,
                used: 1,
                state: State::Large,
                container,
                prefix,
                bin: 0,
                cell: size,
                // One cell, for `walk` and `entries`.
                fresh: FIRST + GRAIN,
                end: FIRST + size,
                segment: std::ptr::null_mut(),
                next: std::ptr::null_mut(),
                prev: self.last,
                next_listed: std::ptr::null_mut(),
                prev_listed: std::ptr::null_mut(),
                refs: std::ptr::null_mut(),
            });
            self.add_page(page);
            self.containers += container as usize;
            (*page).at((*page).first())
        }
    }

    /// A cell of a full page has been freed, or the last one of a page.
    #[cold]
    #[inline(never)]
    unsafe fn page_freed(&mut self, page: *mut Page) {
        // SAFETY: a page of this heap.
        unsafe {
            if (*page).state == State::Full {
                (*page).state = State::Listed;
                let bin = (*page).bin as usize;
                let head = self.bins[bin].listed;
                ((*page).next_listed, (*page).prev_listed) = (head, std::ptr::null_mut());
                if !head.is_null() {
                    (*head).prev_listed = page;
                }
                self.bins[bin].listed = page;
            }
            if (*page).used > 0 || !(*page).refs.is_null() {
                return;
            }
            match (*page).state {
                State::Large => {
                    self.remove_page(page);
                    let layout = large_layout((*page).cell).expect("as it was allocated");
                    std::alloc::dealloc(page.cast(), layout);
                }
                State::Listed => {
                    self.unlist(page);
                    self.release(page);
                }
                State::Current if self.dead => {
                    self.bins[(*page).bin as usize].current = std::ptr::null_mut();
                    self.release(page);
                }
                _ => {}
            }
            if self.dead && self.page_count == 0 && self.depth == 0 {
                drop(Box::from_raw(self));
            }
        }
    }
    unsafe fn release(&mut self, page: *mut Page) {
        // SAFETY: an empty page of this heap, in no list but that of all pages.
        unsafe {
            self.remove_page(page);
            let s = (*page).segment;
            if (*s).free == 0 {
                self.open.push(s);
            }
            (*s).free |= 1 << ((page as usize - (*s).base as usize) / PAGE);
            if (*s).free == u16::MAX && (self.open.len() > 1 || self.dead) {
                self.open.retain(|o| *o != s);
                std::alloc::dealloc((*s).base, Heap::segment_layout());
                drop(Box::from_raw(s));
            }
        }
    }

    // ---- freeing in depth
    /// Counts a level of freeing. False: too deep, the object is freed later.
    ///
    /// # Safety
    /// `h` is an object that nothing refers to.
    #[inline(always)]
    pub(super) unsafe fn enter(h: *mut Header) -> Option<*mut Heap> {
        // SAFETY: as promised.
        unsafe {
            let heap = heap_of(h.cast());
            if (*heap).depth >= DEEPEST {
                (*heap).later.push(h);
                return None;
            }
            (*heap).depth += 1;
            Some(heap)
        }
    }
    /// The other end of `enter`: the outermost level frees what was put off.
    ///
    /// # Safety
    /// `heap` is what `enter` answered.
    #[inline(always)]
    pub(super) unsafe fn leave(heap: *mut Heap) {
        // SAFETY: as promised.
        unsafe {
            (*heap).depth = (*heap).depth.saturating_sub(1);
            if (*heap).depth == 0 && (!(*heap).later.is_empty() || (*heap).dead) {
                Heap::catch_up(heap);
            }
        }
    }
    #[cold]
    #[inline(never)]
    unsafe fn catch_up(heap: *mut Heap) {
        // SAFETY: the objects were put off by `enter`; the heap stays while the level is not 0.
        unsafe {
            (*heap).depth = 1;
            while let Some(h) = (*heap).later.pop() {
                super::dealloc(h);
            }
            (*heap).depth = 0;
            if (*heap).dead && (*heap).page_count == 0 {
                drop(Box::from_raw(heap));
            }
        }
    }
    /// Runs `f`, which runs Python while an object is being freed: what that frees is freed at once, as long
    /// as this does not nest too deep itself.
    ///
    /// # Safety
    /// `h` is an object.
    pub(crate) unsafe fn at_depth_0(h: *mut Header, f: impl FnOnce()) {
        // SAFETY: the object keeps its page, the page its heap.
        unsafe {
            let heap = heap_of(h.cast());
            if (*heap).restarts >= MOST_RESTARTS {
                return f();
            }
            (*heap).restarts += 1;
            let depth = std::mem::replace(&mut (*heap).depth, 0);
            let later = std::mem::take(&mut (*heap).later);
            f();
            // Another thread may have been freeing meanwhile.
            (*heap).depth = depth;
            (*heap).later.extend(later);
            (*heap).restarts -= 1;
        }
    }
}

/// A VM's hold on its heap.
pub struct HeapHandle(*mut Heap);

impl HeapHandle {
    /// A new heap, in which this thread makes objects without class until `started`.
    #[allow(clippy::new_without_default)] // It has an effect on the thread.
    pub fn new() -> HeapHandle {
        let heap = Heap::new();
        FIRST_HEAP.set(heap);
        HeapHandle(heap)
    }
    pub fn started(&self) {
        FIRST_HEAP.set(std::ptr::null_mut());
    }
    /// Containers that live.
    pub fn containers(&self) -> usize {
        // SAFETY: the handle keeps the heap, here and below.
        unsafe { (*self.0).containers }
    }
    /// From so many containers on a collection is asked for.
    pub fn set_trigger(&self, containers: usize, breaker: *const Breaker) {
        // SAFETY: as above.
        unsafe {
            (*self.0).trigger = containers;
            (*self.0).breaker = breaker;
        }
    }
    pub fn objects(&self) -> usize {
        let mut n = 0;
        // SAFETY: as above.
        self.each_page(|p| n += unsafe { (*p).used as usize });
        n
    }
    fn each_page(&self, mut f: impl FnMut(*mut Page)) {
        // SAFETY: the list of all pages; `f` frees none.
        unsafe {
            let mut p = (*self.0).pages;
            while !p.is_null() {
                let next = (*p).next;
                f(p);
                p = next;
            }
        }
    }
    /// Shows every container, or every object, that is not being freed. `f` must not free any.
    pub fn walk(&self, all: bool, f: &mut dyn FnMut(*mut Header)) {
        self.each_page(|p| {
            // SAFETY: a page of the heap.
            let p = unsafe { &mut *p };
            if all || p.container {
                p.walk(&mut |h| {
                    // SAFETY: an object.
                    if unsafe { (*h).count() } > 0 {
                        f(h)
                    }
                });
            }
        });
    }
    /// Makes a number, 0 at first, for each object (`all`: not only containers): see `entry`.
    pub fn make_tables(&self, all: bool) {
        self.each_page(|p| {
            // SAFETY: a page of the heap.
            let p = unsafe { &mut *p };
            if all || p.container {
                let table: Box<[u32]> = vec![0; p.entries()].into();
                p.refs = Box::into_raw(table).cast();
            }
        });
    }
    pub fn drop_tables(&self) {
        self.each_page(|p| {
            // SAFETY: a page of the heap; no object was made since `make_tables`.
            unsafe {
                let table = std::mem::replace(&mut (*p).refs, std::ptr::null_mut());
                if !table.is_null() {
                    drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(table, (*p).entries())));
                }
            }
        });
    }
    /// The VM goes: what is left goes when the last one lets go of it.
    fn end(&mut self) {
        // SAFETY: as above. The heap frees itself once nothing is in it.
        unsafe {
            let heap = self.0;
            (*heap).breaker = std::ptr::null();
            (*heap).dead = true;
            // Pages that are empty already.
            (*heap).depth += 1;
            self.each_page(|p| {
                if (*p).used == 0 {
                    (*heap).page_freed(p);
                } else if (*p).state == State::Current {
                    // From now on it is released with its last object.
                    (*p).state = State::Full;
                    (*heap).bins[(*p).bin as usize].current = std::ptr::null_mut();
                }
            });
            for s in std::mem::take(&mut (*heap).open) {
                if (*s).free == u16::MAX {
                    std::alloc::dealloc((*s).base, Heap::segment_layout());
                    drop(Box::from_raw(s));
                } else {
                    (*heap).open.push(s);
                }
            }
            (*heap).depth -= 1;
            if (*heap).page_count == 0 {
                drop(Box::from_raw(heap));
            }
        }
    }
}

impl Drop for HeapHandle {
    fn drop(&mut self) {
        crate::gc::last_collection(self);
        self.end();
    }
}

/// The collector's number of an object; `None`: it has none.
///
/// # Safety
/// `h` is an object; nothing was allocated since `make_tables`.
#[inline(always)]
pub unsafe fn entry<'a>(h: *const Header) -> Option<&'a mut u32> {
    // SAFETY: as promised.
    unsafe {
        let page = page_of(h.cast());
        let table = (*page).refs;
        if table.is_null() { None } else { Some(&mut *table.add((h as usize & (PAGE - 1)) / GRAIN)) }
    }
}

/// Does the collector look at this object?
pub fn is_container(h: *const Header) -> bool {
    // SAFETY: an object lies in a page.
    unsafe { (*page_of(h.cast())).container }
}

impl Kind {
    /// Holds no values that could be part of a cycle (unless its class was made by a `class` statement).
    #[inline(always)]
    pub const fn atom(self) -> bool {
        use Kind::*;
        matches!(self, Int | Str | Bytes | Range | RangeIter | Code | Plain | Float | Complex)
    }
}

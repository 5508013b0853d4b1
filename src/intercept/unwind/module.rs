//! Which module an address belongs to and where its unwind tables lie, asked of
//! the loader without a lock (`_dl_find_object`, glibc 2.35).
#![allow(
    unsafe_code,
    reason = "asks the loader and reads module headers in memory"
)]

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// `struct dl_find_object` of dlfcn.h on x86-64.
#[repr(C)]
struct Found {
    flags: u64,
    map_start: u64,
    map_end: u64,
    link_map: u64,
    eh_frame_hdr: u64,
    reserved: [u64; 7],
}

type Find = unsafe extern "C" fn(*mut c_void, *mut Found) -> c_int;

static FIND: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// What surely is loaded of a module's beginning.
const FIRST_PAGE: usize = 4096;

/// The program headers of the main program, which the kernel tells: where its
/// segments are not adjacent, its beginning is not what the loader answers.
static MAIN_HEADERS: AtomicPtr<libc::Elf64_Phdr> = AtomicPtr::new(std::ptr::null_mut());
static MAIN_HEADERS_LEN: AtomicUsize = AtomicUsize::new(0);

/// Looks for the loader's function; says whether there is one. Called once,
/// before anything is armed.
pub(crate) fn prepare() -> bool {
    // SAFETY: the name is terminated.
    let find = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) };
    FIND.store(find, Ordering::Relaxed);
    // SAFETY: asks for a word the kernel gave; 0 when it did not.
    let auxiliary = |key| unsafe { libc::getauxval(key) };
    let (headers, len) = (auxiliary(libc::AT_PHDR), auxiliary(libc::AT_PHNUM));
    MAIN_HEADERS.store(headers as *mut libc::Elf64_Phdr, Ordering::Relaxed);
    MAIN_HEADERS_LEN.store(usize::try_from(len).unwrap_or(0), Ordering::Relaxed);
    !find.is_null()
}

/// A loaded module.
pub(super) struct Module {
    eh_frame_hdr: u64,
    /// Begin and end of the segments around the address that was asked for.
    start: u64,
    end: u64,
    /// What is added to the addresses in its headers.
    bias: u64,
}

impl Module {
    /// The module that holds a code address.
    pub(super) fn at(address: u64) -> Option<Self> {
        let find = FIND.load(Ordering::Relaxed);
        if find.is_null() {
            return None;
        }
        // SAFETY: `prepare` stored the function of this type and nothing else.
        let find: Find = unsafe { std::mem::transmute(find) };
        let mut found = Found {
            flags: 0,
            map_start: 0,
            map_end: 0,
            link_map: 0,
            eh_frame_hdr: 0,
            reserved: [0; 7],
        };
        // SAFETY: looks the address up without touching it; writes into `found`.
        let code = unsafe { find(address as *mut c_void, &raw mut found) };
        if code != 0 {
            return None;
        }
        // SAFETY: the loader's description of the module, of which the first word
        // is public (`l_addr` of link.h) and lives as long as the module.
        let bias = unsafe { *(found.link_map as *const u64).as_ref()? };
        Some(Self {
            eh_frame_hdr: found.eh_frame_hdr,
            start: found.map_start,
            end: found.map_end,
            bias,
        })
    }

    /// Address of its `.eh_frame_hdr`.
    pub(super) fn eh_frame_hdr_address(&self) -> u64 {
        self.eh_frame_hdr
    }

    /// Its `.eh_frame_hdr` and what follows.
    pub(super) fn eh_frame_hdr(&self) -> Option<&'static [u8]> {
        self.from(self.eh_frame_hdr)
    }

    /// The bytes from an address to the end of the segment that holds it. The
    /// end of the module is no bound: in an executable at a fixed address it may
    /// lie before its own tables.
    pub(super) fn from(&self, address: u64) -> Option<&'static [u8]> {
        let segment = self.segment_of(address)?;
        let len = usize::try_from(segment.end - address).ok()?;
        // SAFETY: inside a loaded segment, from the module's own program headers.
        // Should the module be closed while it is read, then by a program that
        // unloads code it is still running: its caller is in it.
        Some(unsafe { std::slice::from_raw_parts(address as *const u8, len) })
    }

    /// An image in memory that the loader knows nothing of.
    #[cfg(test)]
    pub(super) fn of_image(start: u64, eh_frame_hdr: u64) -> Self {
        Self {
            eh_frame_hdr,
            start,
            end: start,
            bias: start,
        }
    }

    fn segment_of(&self, address: u64) -> Option<Range<u64>> {
        let Some(headers) = Self::headers_at(self.start).or_else(|| self.main_headers()) else {
            // The loader says what belongs to the module: less exact, but enough.
            return (self.start..self.end)
                .contains(&address)
                .then_some(address..self.end);
        };
        let own = self.find(headers, address);
        own.or_else(|| self.find(self.main_headers()?, address))
    }

    fn find(&self, headers: &[libc::Elf64_Phdr], address: u64) -> Option<Range<u64>> {
        headers
            .iter()
            .filter(|header| header.p_type == libc::PT_LOAD)
            .map(|header| {
                let start = self.bias.wrapping_add(header.p_vaddr);
                start..start.wrapping_add(header.p_filesz)
            })
            .find(|segment| segment.contains(&address))
    }

    /// The program headers of a module that begins at an address, as nearly all do.
    fn headers_at(start: u64) -> Option<&'static [libc::Elf64_Phdr]> {
        const MAGIC: [u8; 4] = [0x7f, b'E', b'L', b'F'];
        // SAFETY: the first page of a loaded segment is readable.
        let header = unsafe { (start as *const libc::Elf64_Ehdr).as_ref()? };
        if !header.e_ident.starts_with(&MAGIC)
            || usize::from(header.e_phentsize) != size_of::<libc::Elf64_Phdr>()
        {
            return None;
        }
        // Linkers put the program headers right behind the header. Tools that
        // change files later (BOLT, patchelf) may put them anywhere, loaded or not.
        let len = usize::from(header.e_phnum);
        let end = usize::try_from(header.e_phoff)
            .ok()?
            .checked_add(len * size_of::<libc::Elf64_Phdr>())?;
        if end > FIRST_PAGE || header.e_phoff % 8 != 0 {
            return None;
        }
        let headers = (start + header.e_phoff) as *const libc::Elf64_Phdr;
        // SAFETY: aligned, and within the first page of the module.
        Some(unsafe { std::slice::from_raw_parts(headers, len) })
    }

    /// Those of the main program, if this is it.
    fn main_headers(&self) -> Option<&'static [libc::Elf64_Phdr]> {
        let headers = MAIN_HEADERS.load(Ordering::Relaxed);
        if headers.is_null() {
            return None;
        }
        let len = MAIN_HEADERS_LEN.load(Ordering::Relaxed);
        // SAFETY: where and how many they are, the kernel said; they are loaded as
        // long as the process lives.
        let all = unsafe { std::slice::from_raw_parts(headers, len) };
        // They say themselves where they would be without a bias.
        let own = all.iter().find(|header| header.p_type == libc::PT_PHDR)?;
        let bias = (headers as u64).wrapping_sub(own.p_vaddr);
        (bias == self.bias).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image that begins like a module with one program header, at a place.
    fn image(headers_at: u64) -> &'static [u64] {
        let mut words = vec![0_u64; FIRST_PAGE / 8];
        words[0] = u64::from_le_bytes(*b"\x7fELF\x02\x01\x01\0");
        words[4] = headers_at;
        // Sizes: of this header, of a program header; the number of those.
        words[6] = 64 << 32 | 56 << 48;
        words[7] = 1;
        words.leak()
    }

    #[test]
    fn program_headers_behind_the_first_page_are_not_read() {
        let headers = |at| Module::headers_at(image(at).as_ptr() as u64).map(<[_]>::len);
        assert_eq!(headers(64), Some(1));
        assert_eq!(headers(FIRST_PAGE as u64 - 56), Some(1));
        assert_eq!(headers(FIRST_PAGE as u64 - 48), None);
        assert_eq!(headers(0x10_0000), None);
        assert_eq!(headers(u64::MAX - 7), None);
        assert_eq!(headers(68), None);
    }

    #[test]
    fn the_headers_of_the_main_program_are_used_for_no_other_module() {
        assert!(prepare());
        let here = the_headers_of_the_main_program_are_used_for_no_other_module as *const ();
        let main = Module::at(here as u64).unwrap();
        assert!(main.main_headers().is_some());
        // A module with no segment: nothing of it may be read, though counted
        // from its beginning the main program's segments reach far.
        let start = image(64).as_ptr() as u64;
        let other = Module::of_image(start, start);
        for distance in [0, 64, 0x1000, 0x10_0000] {
            assert!(other.from(start + distance).is_none(), "{distance:#x}");
        }
    }
}

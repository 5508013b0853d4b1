//! The files loaded into this process: which code and data lies where.
//!
//! Read from `/proc/thread-self/maps` (that of the process is empty once its main
//! thread has ended), not from the loader, whose lock a thread of the
//! host may hold while it runs constructors. Never forgets a file: addresses in
//! it are still to be named after it was closed.

use std::ops::Range;

/// One executable segment of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its addresses.
    pub(crate) addresses: Range<u64>,
    /// Where in the file it begins.
    pub(crate) file_offset: u64,
    /// Index of its file.
    pub(crate) file: usize,
}

/// One loaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadedFile {
    /// Absolute path.
    pub(crate) path: String,
    /// Which file it was when it was loaded; another may stand at the path by now.
    pub(crate) inode: u64,
    /// All its addresses, code and data, zero-filled data included.
    pub(crate) extent: Range<u64>,
    /// Address of its first byte.
    pub(crate) start: u64,
}

/// All files ever seen.
#[derive(Default)]
pub(crate) struct Objects {
    segments: Vec<Segment>,
    files: Vec<LoadedFile>,
}

impl Objects {
    /// Looks again what is loaded.
    pub(crate) fn refresh(&mut self) {
        if let Ok(maps) = std::fs::read("/proc/thread-self/maps") {
            self.learn(&String::from_utf8_lossy(&maps));
        }
    }

    pub(super) fn learn(&mut self, maps: &str) {
        let mut last: Option<usize> = None;
        for line in maps.lines().filter_map(Line::parse) {
            if line.path.starts_with('/') {
                let file = self.file_of(&line, last);
                self.grow(file, &line.addresses);
                if line.is_code {
                    self.add_segment(&line, file);
                }
                last = Some(file);
            } else if line.path.is_empty()
                && last.is_some_and(|file| self.ends_at(file, line.addresses.start))
            {
                // Zero-filled data directly behind a file's last segment.
                if let Some(file) = last.take() {
                    self.grow(file, &line.addresses);
                }
            } else {
                last = None;
            }
        }
    }

    fn file_of(&mut self, line: &Line<'_>, last: Option<usize>) -> usize {
        let is_same = |file: &LoadedFile| {
            file.inode == line.inode && file.path == line.path && line.addresses.start >= file.start
        };
        let near =
            |file: &LoadedFile| line.addresses.start <= file.extent.end.saturating_add(1 << 30);
        let known = last
            .filter(|&index| self.files.get(index).is_some_and(is_same))
            .or_else(|| {
                self.files
                    .iter()
                    .rposition(|file| is_same(file) && near(file))
            });
        known.unwrap_or_else(|| {
            self.files.push(LoadedFile {
                path: line.path.to_owned(),
                inode: line.inode,
                extent: line.addresses.clone(),
                start: line.addresses.start.wrapping_sub(line.file_offset),
            });
            self.files.len() - 1
        })
    }

    fn grow(&mut self, file: usize, addresses: &Range<u64>) {
        if let Some(file) = self.files.get_mut(file) {
            file.extent.start = file.extent.start.min(addresses.start);
            file.extent.end = file.extent.end.max(addresses.end);
        }
    }

    fn ends_at(&self, file: usize, address: u64) -> bool {
        self.files
            .get(file)
            .is_some_and(|file| file.extent.end == address)
    }

    fn add_segment(&mut self, line: &Line<'_>, file: usize) {
        let segment = Segment {
            addresses: line.addresses.clone(),
            file_offset: line.file_offset,
            file,
        };
        if !self.segments.contains(&segment) {
            self.segments.push(segment);
        }
    }

    /// All segments.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Index of the segment that holds a code address; the latest if several
    /// files were there one after the other.
    pub(crate) fn segment_at(&self, address: u64) -> Option<usize> {
        self.segments
            .iter()
            .rposition(|segment| segment.addresses.contains(&address))
    }

    /// Whether no file stands behind a code address: it was made at run time. Some
    /// makers have it in memory that looks like a file.
    pub(crate) fn is_made_at_run_time(&self, address: u64) -> bool {
        let segment = self
            .segment_at(address)
            .and_then(|at| self.segments.get(at));
        let file = segment.and_then(|segment| self.files.get(segment.file));
        file.is_none_or(|file| {
            let is_memory = |beginning: &&str| file.path.starts_with(*beginning);
            ["/memfd:", "/dev/zero", "/dev/shm/"].iter().any(is_memory)
        })
    }

    /// All files.
    pub(crate) fn files(&self) -> &[LoadedFile] {
        &self.files
    }

    /// Index of the file whose data or code an address belongs to.
    pub(crate) fn file_at(&self, address: u64) -> Option<usize> {
        self.files
            .iter()
            .rposition(|file| file.extent.contains(&address))
    }
}

/// One line of `/proc/self/maps` (proc(5)).
struct Line<'a> {
    addresses: Range<u64>,
    is_code: bool,
    file_offset: u64,
    inode: u64,
    path: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut rest = line;
        let mut field = || {
            let (field, behind) = rest
                .trim_start()
                .split_once(' ')
                .unwrap_or((rest.trim_start(), ""));
            rest = behind;
            field
        };
        let (addresses, permissions, offset, _device, inode) =
            (field(), field(), field(), field(), field());
        let (start, end) = addresses.split_once('-')?;
        let path = rest.trim_start();
        Some(Self {
            addresses: u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?,
            is_code: permissions.as_bytes().get(2) == Some(&b'x'),
            file_offset: u64::from_str_radix(offset, 16).ok()?,
            inode: inode.parse().ok()?,
            path: path.strip_suffix(" (deleted)").unwrap_or(path),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const MAPS: &str = "\
5555 1000-5000 nonsense
00400000-00401000 r--p 00000000 fe:00 77                   /bin/my app
00401000-00405000 r-xp 00001000 fe:00 77                   /bin/my app
00405000-00406000 rw-p 00005000 fe:00 77                   /bin/my app
00406000-00409000 rw-p 00000000 00:00 0
01000000-01021000 rw-p 00000000 00:00 0                    [heap]
7f0000000000-7f0000001000 r-xp 00000000 fe:00 78           /lib/gone.so (deleted)
7fff00000000-7fff00001000 r-xp 00000000 00:00 0            [vdso]
";

    #[test]
    fn code_belongs_to_its_segment_and_data_to_its_file() {
        let mut objects = Objects::default();
        objects.learn(MAPS);
        assert_eq!(objects.segments().len(), 2);
        assert_eq!(objects.segment_at(0x401000), Some(0));
        assert_eq!(objects.segment_at(0x405000), None);
        let app = objects.file_at(0x408fff).map(|file| &objects.files()[file]);
        assert_eq!(
            app.map(|file| (file.path.as_str(), file.start)),
            Some(("/bin/my app", 0x400000))
        );
        assert_eq!(
            objects.file_at(0x1000010),
            None,
            "the heap belongs to no file"
        );
    }

    #[test]
    fn looking_again_adds_nothing_and_forgets_nothing() {
        let mut objects = Objects::default();
        objects.learn(MAPS);
        objects.learn(MAPS);
        objects.learn("");
        assert_eq!((objects.segments().len(), objects.files().len()), (2, 2));
        assert_eq!(objects.files()[1].path, "/lib/gone.so");
    }

    #[test]
    fn any_text_is_read_without_harm() {
        const LETTERS: &[u8] = b"0123456789abcdef-rwxp/ \n\xff";
        let mut random = 88_172_645_463_325_252_u64;
        let mut next = |end: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 11).unwrap() % end
        };
        let mut known = 0;
        for _ in 0..20_000 {
            let mut maps = MAPS.as_bytes().to_vec();
            for _ in 0..4 {
                let at = next(maps.len());
                maps[at] = LETTERS[next(LETTERS.len())];
            }
            let mut objects = Objects::default();
            objects.learn(&String::from_utf8_lossy(&maps));
            for address in [0, 0x400_000, 0x401_000, 0x7f00_0000_0000, u64::MAX] {
                known += usize::from(objects.segment_at(address).is_some());
                let file = objects.file_at(address).map(|file| &objects.files()[file]);
                assert!(file.is_none_or(|file| file.extent.contains(&address)));
            }
        }
        assert!(known > 20_000, "{known}");
    }
}

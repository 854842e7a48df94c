//! The files of a journal: which are free, which is written, which wait for a checkpoint. No I/O.
//!
//! Invariants: a frame never crosses a file; an acknowledged page is not rewritten before a checkpoint has passed its
//! file; a file is entered only if it was pre-written whole.

/// What a file of the ring is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FileState {
    /// Pre-written, nothing in it is needed.
    Free,
    /// Frames go to it.
    Current,
    /// Full; needed until a checkpoint covers this sequence.
    Used { last_sequence: u64 },
}

/// Where a frame goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FramePlace {
    /// The file's number.
    pub(crate) file: u32,
    /// The byte within it.
    pub(crate) position: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring {
    file_bytes: u64,
    files_max: usize,
    files: Vec<(u32, FileState)>,
    position: u64,
    last_sequence: Option<u64>,
    is_preparing: bool,
    /// The disk had no room for another file since the last checkpoint.
    is_refused: bool,
}

impl Ring {
    /// A ring without files.
    pub(crate) fn new(file_bytes: u64, files_max: usize) -> Ring {
        Ring {
            file_bytes,
            files_max,
            files: Vec::new(),
            position: 0,
            last_sequence: None,
            is_preparing: false,
            is_refused: false,
        }
    }

    /// A file was pre-written, or found so.
    pub(crate) fn file_ready(&mut self, file: u32) {
        self.is_preparing = false;
        self.files.push((file, FileState::Free));
    }

    /// The disk has no room for the file that was to be prepared: those there are have to do until the next
    /// checkpoint. After it there may be room again, should they not suffice.
    pub(crate) fn file_refused(&mut self) {
        self.is_preparing = false;
        self.is_refused = true;
    }

    fn may_grow(&self) -> bool {
        self.files.len() < self.files_max && !self.is_refused
    }

    /// The number of a file to prepare now, if one should be: one free file is kept ahead of need.
    pub(crate) fn next_to_prepare(&mut self) -> Option<u32> {
        if self.is_preparing || self.free_count() > 0 || !self.may_grow() {
            return None;
        }
        self.is_preparing = true;
        self.files
            .iter()
            .map(|&(file, _)| file)
            .max()
            .map_or(Some(0), |file| file.checked_add(1))
    }

    /// How far the file that is being prepared should be written by now: as far as the one in use and a quarter of a
    /// file more, so that the disk is not kept from the commits. All of it when the one in use is all but full, or
    /// when there is none.
    pub(crate) fn prepare_upto(&self, frame_bytes_max: u64) -> u64 {
        let is_in_use = self.files.iter().any(|(_, state)| *state == FileState::Current);
        let upto = self.position + self.file_bytes / 4;
        if is_in_use && upto.saturating_add(frame_bytes_max.saturating_mul(2)) < self.file_bytes {
            upto
        } else {
            self.file_bytes
        }
    }

    /// Files there are.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// Files that can be entered.
    pub(crate) fn free_count(&self) -> usize {
        self.files
            .iter()
            .filter(|(_, state)| *state == FileState::Free)
            .count()
    }

    /// No file is free and none may be added: only a checkpoint helps.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.free_count() == 0 && !self.may_grow()
    }

    /// Whether a frame of `length` bytes has a place.
    pub(crate) fn has_room(&self, length: u64) -> bool {
        let current = self.files.iter().any(|(_, state)| *state == FileState::Current);
        (current && self.position + length <= self.file_bytes) || self.free_count() > 0
    }

    /// Takes the place of the frame `sequence`, `length` bytes long.
    ///
    /// # Panics
    /// If there is no room: see [`Ring::has_room`].
    pub(crate) fn place(&mut self, sequence: u64, length: u64) -> FramePlace {
        assert!(length <= self.file_bytes, "a frame fits a file");
        let current = self
            .files
            .iter()
            .position(|(_, state)| *state == FileState::Current);
        let index = match current {
            Some(index) if self.position + length <= self.file_bytes => index,
            _ => {
                if let Some(index) = current {
                    let last_sequence = self.last_sequence.expect("a current file has a frame");
                    self.files[index].1 = FileState::Used { last_sequence };
                }
                let free = self.files.iter().position(|(_, state)| *state == FileState::Free);
                let index = free.expect("a free file, as has_room said");
                self.files[index].1 = FileState::Current;
                self.position = 0;
                index
            }
        };
        let place = FramePlace {
            file: self.files[index].0,
            position: self.position,
        };
        self.position += length;
        self.last_sequence = Some(sequence);
        place
    }

    /// A checkpoint covers all frames before `first_needed`.
    pub(crate) fn recycle(&mut self, first_needed: u64) {
        self.is_refused = false;
        for (_, state) in &mut self.files {
            // INV-6: a file is written again only if a checkpoint has passed its last frame.
            if let FileState::Used { last_sequence } = *state
                && last_sequence < first_needed
            {
                *state = FileState::Free;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_refused_is_asked_for_again_after_a_checkpoint() {
        let mut ring = Ring::new(100, 3);
        assert_eq!(ring.next_to_prepare(), Some(0));
        ring.file_ready(0);
        ring.place(0, 60);
        assert_eq!(ring.next_to_prepare(), Some(1));
        ring.file_refused();
        assert_eq!(ring.next_to_prepare(), None);
        assert!(ring.is_exhausted());
        ring.recycle(1);
        assert!(!ring.is_exhausted());
        assert_eq!(ring.next_to_prepare(), Some(1));
    }

    #[test]
    fn files_are_entered_left_and_recycled() {
        let mut ring = Ring::new(100, 2);
        assert_eq!(ring.next_to_prepare(), Some(0));
        assert_eq!(ring.next_to_prepare(), None);
        assert!(!ring.has_room(10));
        ring.file_ready(0);
        assert_eq!(ring.place(0, 60), FramePlace { file: 0, position: 0 });
        assert!(ring.has_room(40) && !ring.has_room(41));
        assert_eq!(ring.next_to_prepare(), Some(1));
        ring.file_ready(1);
        // The file that cannot take it is left.
        assert_eq!(ring.place(1, 60), FramePlace { file: 1, position: 0 });
        assert!(ring.is_exhausted() && !ring.has_room(60));
        assert_eq!(ring.next_to_prepare(), None);
        ring.recycle(0);
        assert!(ring.is_exhausted());
        ring.recycle(1);
        assert_eq!(ring.place(2, 60), FramePlace { file: 0, position: 0 });
        // The file that is written is never recycled under the writer.
        ring.recycle(9);
        assert_eq!(ring.free_count(), 1);
        assert_eq!(
            ring.place(3, 40),
            FramePlace {
                file: 0,
                position: 60
            }
        );
    }
}

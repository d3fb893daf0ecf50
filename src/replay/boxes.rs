//! Who the model finds in every picture, as a table that can be scored against an annotation.
//!
//! The format is that of the Multiple Object Tracking benchmark (Leal-Taixé et al., MOTChallenge
//! 2015, section 3.1), a line a box: `frame,id,left,top,width,height,score,-1,-1,-1`; frames count from
//! 1, pixels are those of the picture, and nobody is followed, so that every id is −1.

use std::fmt::Write;

use crate::libav::Picture;
use crate::model::Now;
use crate::perceive::models::{Found, ModelError, PeopleNet};
use crate::perceive::{Eye, Models};

/// Gathers the boxes of a replay.
pub struct Boxes {
    people: PeopleNet,
    eye: Eye,
    frame: u64,
    table: String,
    failed: Option<ModelError>,
}

impl Boxes {
    /// Looks with the people model; `None` where there is none.
    pub fn new(models: &Models) -> Option<Self> {
        let people = models.people()?.clone();
        Some(Self { people, eye: Eye::new(None), frame: 0, table: String::new(), failed: None })
    }

    /// Looks at the next picture.
    pub(super) fn look(&mut self, picture: &Picture<'_>, at: Now) {
        self.frame += 1;
        // A picture that cannot be converted is one in which nobody is found.
        let Ok(look) = self.eye.look_at(picture, at) else { return };
        match look.find(&self.people) {
            Ok(found) => {
                write_boxes(&mut self.table, self.frame, &found, (picture.width(), picture.height()))
            }
            Err(e) => self.failed = Some(e),
        }
    }

    /// The table.
    ///
    /// # Errors
    /// If the model did not answer for a picture.
    pub fn into_table(self) -> Result<String, ModelError> {
        match self.failed {
            Some(failed) => Err(failed),
            None => Ok(self.table),
        }
    }
}

fn write_boxes(table: &mut String, frame: u64, found: &[Found], (width, height): (u32, u32)) {
    let (width, height) = (f64::from(width), f64::from(height));
    for Found { frame: place, score } in found {
        let (left, top) = (f64::from(place.left) * width, f64::from(place.top) * height);
        let (across, down) = (f64::from(place.right) * width - left, f64::from(place.bottom) * height - top);
        let _ = writeln!(table, "{frame},-1,{left:.2},{top:.2},{across:.2},{down:.2},{score:.5},-1,-1,-1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perceive::Frame;

    #[test]
    fn a_box_is_in_pixels_of_the_picture() {
        let mut table = String::new();
        let frame = Frame { left: 0.25, top: 0.5, right: 0.5, bottom: 1.0 };
        write_boxes(&mut table, 7, &[Found { frame, score: 0.75 }], (768, 576));
        assert_eq!(table, "7,-1,192.00,288.00,192.00,288.00,0.75000,-1,-1,-1\n");
    }
}

//! Why something is held or taken out: one line that people will read years later. Pure.

const LONGEST: usize = 500;

/// The reason as it is kept; none if `text` is empty, too long, or not one line.
pub fn reason(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_up_to_500_characters() {
        assert_eq!(reason(" Công văn 12 ").as_deref(), Some("Công văn 12"));
        assert_eq!(reason("ộ".repeat(500).as_str()).map(|text| text.chars().count()), Some(500));
        for wrong in ["", "  ", "a\nb", &"x".repeat(501)] {
            assert_eq!(reason(wrong), None);
        }
    }
}

//! Bits and bytes, drawn with characters.

/// A part of a row: its width in columns, and what it is.
pub(super) type Part = (usize, String);

/// Columns of a row of boxes.
const MAX_COLUMNS: usize = 100;
/// Columns of one bit.
const PER_BIT: usize = 4;

/// Parts of bytes with the number of each bit above, the highest first.
///
/// ```text
///    7   6   5   4   3   2   1   0
/// +---+---------------+-----------+
/// | m |     field     | wire type |
/// +---+---------------+-----------+
/// ```
pub(super) fn bits(parts: &[(usize, &str)]) -> String {
    let total: usize = parts.iter().map(|(bits, _)| bits).sum();
    let mut numbers = String::new();
    for bit in (0..total).rev() {
        numbers.push_str(&format!("{:>PER_BIT$}", bit % 8));
    }
    let parts: Vec<Part> = parts
        .iter()
        .map(|(bits, label)| (bits * PER_BIT - 1, (*label).to_owned()))
        .collect();
    // The numbers stand over the middle of their columns.
    format!("{}\n{}", numbers.get(1..).unwrap_or_default(), row(&parts))
}

/// A row of boxes.
pub(super) fn row(parts: &[Part]) -> String {
    let mut edge = String::from("+");
    let mut middle = String::from("|");
    for (width, label) in parts {
        let width = (*width).max(label.chars().count());
        edge.push_str(&"-".repeat(width));
        edge.push('+');
        middle.push_str(&format!("{label:^width$}|"));
    }
    format!("{edge}\n{middle}\n{edge}")
}

/// Boxes as wide as their labels, in as many rows as it takes.
pub(super) fn boxes(labels: &[String]) -> String {
    let mut rows: Vec<Vec<Part>> = vec![Vec::new()];
    let mut taken = 1;
    for label in labels {
        let width = label.chars().count() + 2;
        if taken > 1 && taken + width + 1 > MAX_COLUMNS {
            rows.push(Vec::new());
            taken = 1;
        }
        taken += width + 1;
        if let Some(row) = rows.last_mut() {
            row.push((width, label.clone()));
        }
    }
    let rows: Vec<_> = rows.iter().map(|parts| row(parts)).collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{bits, boxes};

    #[test]
    fn bits_stand_under_their_numbers() {
        let drawn = bits(&[(1, "m"), (4, "field"), (3, "wire type")]);
        let lines: Vec<_> = drawn.lines().collect();
        assert_eq!(
            lines,
            [
                "  7   6   5   4   3   2   1   0",
                "+---+---------------+-----------+",
                "| m |     field     | wire type |",
                "+---+---------------+-----------+",
            ]
        );
    }

    #[test]
    fn boxes_are_as_wide_as_their_labels() {
        let drawn = boxes(&["a".to_owned(), "bcd".to_owned()]);
        assert_eq!(drawn, "+---+-----+\n| a | bcd |\n+---+-----+");
        let long = vec!["x".repeat(60); 2];
        assert_eq!(boxes(&long).lines().count(), 6);
    }
}

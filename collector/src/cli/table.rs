//! A table for a terminal.

/// One column: its heading and the widest it may get, in characters.
pub(super) type Column = (&'static str, usize);

/// Where a cell is cut.
pub(super) const CUT: char = '…';

/// Lines of a table with a heading; columns are as wide as their content, at most as wide as they may get.
pub(super) fn render(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, (heading, most))| {
            let widest = rows
                .iter()
                .filter_map(|row| row.get(at))
                .map(|cell| width(cell));
            widest
                .max()
                .unwrap_or(0)
                .clamp(width(heading), (*most).max(width(heading)))
        })
        .collect();
    let headings: Vec<String> = columns
        .iter()
        .map(|(heading, _)| (*heading).to_owned())
        .collect();
    std::iter::once(&headings)
        .chain(rows)
        .map(|row| line(row, &widths))
        .collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, room) in row.iter().zip(widths) {
        if !line.is_empty() {
            line.push_str("  ");
        }
        let cell = fit(cell, *room);
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&cell))));
    }
    line.truncate(line.trim_end().len());
    line
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Cuts with an ellipsis; control characters do not reach the terminal.
fn fit(text: &str, room: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { '.' } else { c });
    if width(text) <= room {
        return clean.collect();
    }
    let mut cut: String = clean.take(room.saturating_sub(1)).collect();
    cut.push(CUT);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_content_and_no_wider_than_allowed() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let rows = [
            row("x", "short"),
            row("longer", "much too long"),
            row("", "a\u{1b}[2J"),
        ];
        assert_eq!(
            render(&[("A", 20), ("B", 8)], &rows),
            [
                "A       B",
                "x       short",
                "longer  much to…",
                "        a.[2J",
            ]
        );
    }
}

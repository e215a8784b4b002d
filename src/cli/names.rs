//! Items by the names that the user gives.

use anyhow::Context;
use palio::data::{ItemId, Items};

/// Names shown of what there is.
const SHOWN: usize = 5;
const NEAR: usize = 3;

/// The item of this name, or an error that says what is near it, or else what there is.
pub(super) fn find_item(items: &Items, name: &str) -> anyhow::Result<ItemId> {
    items.get(name).with_context(|| {
        let near = near(items, name);
        if !near.is_empty() {
            return format!("the log has no item '{name}'; near it are: {}", near.join(", "));
        }
        let shown: Vec<&str> = items.iter().take(SHOWN).collect();
        let more = items.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("the log has no item '{name}'; it has: {}{more}", shown.join(", "))
    })
}

/// Names that may have been meant, the nearest first: those that hold the name or are a few letters off.
fn near<'a>(items: &'a Items, name: &str) -> Vec<&'a str> {
    let wanted = name.trim().to_lowercase();
    let most = (wanted.chars().count() / 3).max(1);
    let distance = |known: &str| {
        let known = known.trim().to_lowercase();
        let part = wanted.chars().count() >= 3 && (known.contains(&wanted) || wanted.contains(&known));
        let off = edits(&wanted, &known);
        (part || off <= most).then_some(off)
    };
    let mut found: Vec<(usize, &str)> = items.iter().filter_map(|known| Some((distance(known)?, known))).collect();
    found.sort_unstable();
    found.into_iter().take(NEAR).map(|(_, known)| known).collect()
}

/// The least number of letters to change, add or take away that make one text the other (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn an_unknown_item_is_told_with_what_is_near_or_known() {
        let items: Items = ["gpt-4o", "gpt-4o-mini", "claude", "llama", "qwen", "gemma"].into_iter().collect();
        let error = |name| find_item(&items, name).unwrap_err().to_string();
        assert_eq!(error("GPT-4O"), "the log has no item 'GPT-4O'; near it are: gpt-4o, gpt-4o-mini");
        assert_eq!(error("lama"), "the log has no item 'lama'; near it are: llama");
        assert_eq!(
            error("zz"),
            "the log has no item 'zz'; it has: gpt-4o, gpt-4o-mini, claude, llama, qwen and 1 more"
        );
    }
}

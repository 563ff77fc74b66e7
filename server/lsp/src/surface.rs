//! Which surface a client is, by the name it gives itself.

use fermata_engine::Surface;

/// The surface of a client; any editor that is not known by name is `lsp`.
pub(crate) fn of(client: Option<&str>) -> Surface {
    let name = client.unwrap_or_default().to_lowercase();
    if [
        "visual studio code",
        "vscode",
        "code-server",
        "vscodium",
        "code - oss",
        "cursor",
    ]
    .iter()
    .any(|known| name.contains(known))
    {
        Surface::Vscode
    } else if name.contains("neovim") || name == "nvim" {
        Surface::Neovim
    } else {
        Surface::Lsp
    }
}

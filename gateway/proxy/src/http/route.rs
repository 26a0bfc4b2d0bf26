//! Which backend a request goes to (configuration.txt 4.2, `use_backend`, `default_backend`).

use std::sync::Arc;

use config::model::SwitchTo;

use crate::ctx::Ctx;
use crate::runtime::Backend;

/// The backend of the first `use_backend` rule that matches, the default one, or none.
pub(super) fn backend(ctx: &Ctx) -> Option<Arc<Backend>> {
    let route = ctx.route.as_ref()?;
    let model = route.frontend.model();
    let rule = route.frontend.switch.first(&ctx.view(None)).map(|place| &model.use_backend[place].backend);
    let chosen = match rule {
        Some(SwitchTo::Backend(id)) => Some(route.runtime.backend(*id)),
        // a name that is nobody's falls to the default backend
        Some(SwitchTo::Named(format)) => {
            let name = format.to_bytes(&ctx.view(None));
            std::str::from_utf8(&name).ok().and_then(|name| route.runtime.backend_named(name))
        }
        None => None,
    };
    // A `listen` section is its own default.
    let default = || model.default_backend.or(model.listen).map(|id| route.runtime.backend(id));
    chosen.or_else(default).cloned()
}

//! Which backend a request goes to (configuration.txt 4.2, `use_backend`, `default_backend`).

use std::sync::Arc;

use crate::ctx::Ctx;
use crate::runtime::Backend;

/// The backend of the first `use_backend` rule that matches, the default one, or none.
pub(super) fn backend(ctx: &Ctx) -> Option<Arc<Backend>> {
    let route = ctx.route.as_ref()?;
    let model = route.frontend.model();
    let rule = route.frontend.switch.first(&ctx.view(None)).map(|place| model.use_backend[place].backend);
    // A `listen` section is its own default.
    let id = rule.or(model.default_backend).or(model.listen)?;
    Some(route.runtime.backend(id).clone())
}

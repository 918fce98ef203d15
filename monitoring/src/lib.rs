//! `sys.monitoring` as a state machine.
//!
//! This crate knows tools, event sets, sites and the order of delivery, and nothing of Python: callbacks and
//! tool names are type parameters, code objects are [`CodeState`]s that their owner keeps. The VM asks which
//! tools are *armed* at a site, and applies the [`Change`]s that come out of every call that alters the state.
//!
//! ```text
//!   set_events, set_local_events, DISABLE, restart_events, register_callback ...
//!        │
//!        ▼
//!   Monitor ── Change ──> the VM: which code objects to bring up to date now
//!                            │ Monitor::update(&mut CodeState)
//!                            ▼
//!                         Update: armed differently? -> place or lift probes, invalidate compiled code
//! ```
//!
//! The rules meant by numbers such as M82 are those of the project's rule book; each is told where it is
//! implemented.
//!
//! ```
//! use seriema_monitoring::{CodeState, Event, EventSet, Monitor, Rules, ToolId};
//! let mut m: Monitor<&str, &str> = Monitor::new(Rules::Specification);
//! let tool = ToolId::new(0).unwrap();
//! m.use_tool_id(tool, "debugger").unwrap();
//! let _ = m.register_callback(0, EventSet::LINE.bits() as i32, Some("on_line")).unwrap();
//! let _ = m.set_events(0, EventSet::LINE.bits() as i32).unwrap();
//! let mut code = CodeState::default();
//! let _ = m.update(&mut code);
//! assert!(code.armed(12, Event::Line).contains(tool));
//! ```

mod change;
mod code;
mod event;
mod fire;
pub mod model;
mod state;
mod tool;

pub use change::{Cause, Change, Scope, Update};
pub use code::CodeState;
pub use event::{Event, EventSet, Group, Shape, TypedEvent, shape, typed};
pub use fire::{CannotDisable, Delivery, Verdict};
pub use state::{Monitor, MonitorError, Rules};
pub use tool::{TOOLS, ToolId, ToolMask, USER_TOOLS};

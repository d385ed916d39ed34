//! The administration of plugins: the list with its switches, one plugin with its log, and the consent that a new one or
//! an upgrade asks for; of people: which roles of plugins they have; of fields that the organization adds; of webhooks;
//! of jobs; of mail and of links.

/// The sheet of these pages.
const SHEETS: &[&str] = &["css/plugins.css"];

mod changes;
mod consent;
mod fields;
mod jobs;
mod kept;
mod links;
mod mail;
mod people;
mod plan;
mod plugin;
mod plugins;
mod webhooks;

pub use consent::{Ask, ConsentPage, asks, consent};
pub use fields::{FieldDraft, FieldForm, FieldPage, FieldsOf, FieldsPage, field, fields, fields_index};
pub use jobs::{JobChip, JobRow, JobsPage, SubscriberRow, TimeRow, jobs};
pub use kept::{KeptPage, KeptRow, kept};
pub use links::{LinkChip, LinkRow, LinksPage, links};
pub use mail::{LetterPage, MailChip, MailPage, MailRow, letter, mail};
pub use people::{MemberRow, PeoplePage, RoleChoice, people};
pub use plan::{PlanLine, PlanObstacle, PlanView};
pub use plugin::{LogLevel, LogLine, PluginPage, plugin};
pub use plugins::{
    Carrying, CarryingState, Happening, InstallFault, Notice, PluginRow, PluginState, PluginsPage, Usage, plugins,
};
pub use webhooks::{
    DeliveryRow, DeliveryState, WebhookDraft, WebhookForm, WebhookPage, WebhookRow, WebhookState, WebhooksPage,
    webhook, webhooks,
};

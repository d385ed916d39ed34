//! The administration of plugins: the list with its switches, one plugin with its log, and the consent that a new one or
//! an upgrade asks for; of people: who belongs, who was asked, which roles they have and what these bring; of the
//! audit; of the organization; of fields that it adds; of webhooks; of jobs; of mail, of links and of
//! documents.

/// The sheet of these pages.
const SHEETS: &[&str] = &["css/plugins.css"];

mod accent;
mod audit;
mod bounds;
mod changes;
mod consent;
mod devices;
mod documents;
mod fields;
mod jobs;
mod kept;
mod links;
mod mail;
mod organization;
mod outbound;
mod people;
mod plan;
mod plugin;
mod plugins;
mod privacy;
mod roles;
mod settings;
mod used;
mod versions;
mod webhooks;

pub use accent::{OWN as OWN_ACCENT, accent_choice, accent_figures};
pub use audit::{AuditPage, AuditRow, audit};
pub use bounds::{BoundsPage, bound_asks, bounds, field as bound_field};
pub use changes::{Told, changes};
pub use consent::{Ask, ConsentPage, asks, consent, no_longer};
pub use devices::{DeviceMade, DeviceRow, DevicesPage, devices};
pub use documents::{DocumentsPage, TemplatePage, TemplateRow, UnmadeRow, documents, template};
pub use fields::{FieldDraft, FieldForm, FieldPage, FieldsOf, FieldsPage, field, fields, fields_index};
pub use jobs::{JobChip, JobRow, JobsPage, SubscriberRow, TimeRow, jobs};
pub use kept::{KeptPage, KeptRow, kept};
pub use links::{LinkChip, LinkRow, LinksPage, links};
pub use mail::{LetterPage, MailChip, MailPage, MailRow, letter, mail};
pub use organization::{OrganizationPage, organization};
pub use outbound::{DepartureEnd, DepartureRow, DeparturesPage, departures};
pub use people::{
    HOST_ROLES, InvitationMade, InvitationRow, LetterRow, MemberRow, PeoplePage, PinMade, RoleChoice, people,
};
pub use plan::{PlanLine, PlanObstacle, PlanView};
pub use plugin::{LogLevel, LogLine, LogQuery, PluginPage, plugin};
pub use plugins::{
    Carrying, CarryingState, Happening, InstallFault, Notice, PluginRow, PluginState, PluginsPage, ShippedRow, Usage,
    plugins,
};
pub use privacy::{PrivacyPage, TraceRow, privacy};
pub use roles::{PermissionLine, RoleColumn, RoleKind, RolesPage, roles};
pub use settings::{CLEAR, SECRET, SettingsPage, settings, settings_schema};
pub use used::{AsideRow, UsedRow, UsedView};
pub use versions::VersionRow;
pub use webhooks::{
    DeliveryRow, DeliveryState, WebhookDraft, WebhookForm, WebhookPage, WebhookRow, WebhookState, WebhooksPage,
    webhook, webhooks,
};

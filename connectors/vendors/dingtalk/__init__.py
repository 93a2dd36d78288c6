"""DingTalk 钉钉: contacts, roster, approvals, to-dos, messages and CRM, over both faces of its API."""

/*
 * select.h - which elites become parents. One interface, a table of rules.
 */
#pragma once

struct random;
struct select_view { const double *fitness; int count; int maximise; };   /* of the elites, any order */
struct select_rule { const char *name; int (*pick)(const struct select_view *view, struct random *r); };
extern const struct select_rule select_rules[];     /* in the order of enum campaign_parents; ends with name NULL */

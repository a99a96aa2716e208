/*
 * campaigns.h - a small campaign to test the archive on. What goes wrong here fails the test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "archive/archive.h"

/* A program that differs from all others by its number; its texts are literals or its source. */
struct campaigns_sample {
	struct archive_program p;
	char source[512];
};

/* Axes operations (0..20 in 20 bins) and size (16..4096 B in 8 bins, refusing); more is better. */
struct archive_birth campaigns_birth(void);
struct archive *campaigns_create(const char *path);
struct archive *campaigns_open(const char *path, enum archive_mode mode);
void campaigns_verify(struct archive *a);
struct archive_totals campaigns_totals(struct archive *a);

void campaigns_fill(struct campaigns_sample *s, int64_t proposal, double fitness, int64_t cell);
int64_t campaigns_commit(struct archive *a, struct campaigns_sample *s, bool takes,
	enum archive_add *added);
int64_t campaigns_commit_one(struct archive *a, int64_t proposal, double fitness, int64_t cell);
int64_t campaigns_commit_failed(struct archive *a, int64_t proposal, const char *verdict);

/* Another program's hand in the file. */
void campaigns_tamper(const char *path, const char *sql);

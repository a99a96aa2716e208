#include "archive/textdiff.h"

#include <git2.h>

#include "base/err.h"
#include "base/text.h"

static int failed(const char *doing, struct err *e)
{
	const git_error *last = git_error_last();

	return err_set(
		e, ERR_FORMAT, "%s: %s", doing, last && last->message ? last->message : "unknown");
}

int textdiff_unified(char **out, const char *old_text, size_t old_size, const char *old_name,
	const char *new_text, size_t new_size, const char *new_name, struct err *e)
{
	git_diff_options options;
	git_patch *patch = NULL;
	git_buf text = { 0 };
	int rc = 0;

	if (git_libgit2_init() < 0)
		return err_set(e, ERR_UNSUPPORTED, "libgit2 does not start");
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags |= GIT_DIFF_FORCE_TEXT;
	if (git_patch_from_buffers(&patch, old_text, old_size, old_name, new_text, new_size,
		    new_name, &options) < 0)
		rc = failed("diff", e);
	else if (git_patch_num_hunks(patch) > 0 && git_patch_to_buf(&text, patch) < 0)
		rc = failed("diff", e);
	else
		*out = text_copy_n(text.ptr ? text.ptr : "", text.size);
	git_buf_dispose(&text);
	git_patch_free(patch);
	git_libgit2_shutdown();
	return rc;
}

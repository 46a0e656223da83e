# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of Timestream's SQL: which of them run here, and which are only known by name.

Source: the query language reference of the Timestream developer guide.
"""

from __future__ import annotations

import typing as t


def names(text: str) -> frozenset[str]:
    """Words separated by blanks, as a set."""
    return frozenset(text.split())


SUPPORTED: t.Final = names(
    # numbers
    "abs acos asin atan atan2 cbrt ceil ceiling cos degrees e exp floor ln log10 log2 mod pi pow power radians round sign sin sqrt tan "
    # text
    "concat length lower lpad ltrim replace reverse rpad rtrim split_part starts_with strpos substr substring trim upper "
    "regexp_like regexp_replace regexp_extract "
    # conditions and types
    "if coalesce nullif cast try_cast greatest least "
    # time
    "now ago bin parse_duration date_trunc date_add date_diff date from_milliseconds from_nanoseconds from_iso8601_timestamp "
    "from_iso8601_date to_iso8601 to_milliseconds to_nanoseconds extract current_timezone last_day_of_month "
    "year quarter month week week_of_year day day_of_month day_of_week dow day_of_year doy hour minute second millisecond "
    # aggregates
    "arbitrary array_agg avg bool_and bool_or every corr count count_if covar_pop covar_samp kurtosis max max_by min min_by skewness "
    "stddev stddev_pop stddev_samp sum var_pop var_samp variance approx_distinct approx_percentile "
    # windows
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number "
    # arrays
    "array_join cardinality contains element_at"
)

KNOWN: t.Final = names(
    "create_time_series interpolate_linear interpolate_fill interpolate_spline_cubic interpolate_locf derivative_linear "
    "non_negative_derivative_linear integral_trapezoidal correlate_pearson correlate_spearman filter transform reduce "
    "any_match all_match none_match zip zip_with unnest array_distinct array_intersect array_union array_except array_position "
    "array_remove array_sort array_max array_min arrays_overlap combinations flatten ngrams sequence shuffle slice repeat "
    "map map_agg map_keys map_values map_concat map_filter multimap_agg histogram numeric_histogram checksum geometric_mean "
    "approx_most_frequent bitwise_and_agg bitwise_or_agg regr_intercept regr_slope "
    "chr codepoint hamming_distance levenshtein_distance normalize position split split_to_map split_to_multimap to_utf8 from_utf8 "
    "translate regexp_count regexp_extract_all regexp_position regexp_split json_extract json_extract_scalar json_array_contains "
    "json_array_get json_array_length json_parse json_format json_size "
    "date_format date_parse format_datetime parse_datetime nanosecond year_of_week yow current_date current_time "
    "from_base to_base infinity nan is_finite is_infinite is_nan rand random truncate width_bucket cosine_similarity normal_cdf "
    "inverse_normal_cdf beta_cdf inverse_beta_cdf cosh sinh tanh log "
    "bitwise_and bitwise_not bitwise_or bitwise_xor bit_count bitwise_left_shift bitwise_right_shift st_point st_distance try typeof "
    "md5 sha1 sha256 sha512 xxhash64 crc32 from_hex to_hex from_base64 to_base64 max_n min_n geohash_encode great_circle_distance"
)

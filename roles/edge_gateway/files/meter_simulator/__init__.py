# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulates Modbus meters, for tests, demonstrations and trainings: any model of meter_gateway, with faults on demand.

It runs where meter_gateway's package is importable too: PYTHONPATH=roles/edge_gateway/files python -m meter_simulator --config FILE
"""

// Copyright (c) 2026 the energytwin.aws contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// All that the viewer takes of @iot-app-kit/react-components, which would bring libraries of charts with it: the time of charts around it.

export const useViewport = () => ({ viewport: undefined });

// Copyright (c) 2026 the energytwin.aws contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The page: the viewer with the properties that Grafana's TwinMaker app gives it (2.1.7, panels/scene-viewer/SceneViewer.tsx).

import { SceneViewer } from '@iot-app-kit/scene-composer';
import { initialize } from '@iot-app-kit/source-iottwinmaker';
import React from 'react';
import { createRoot } from 'react-dom/client';

const { region, workspaceId, sceneId, camera, seconds, width, height } = window.settings;
const source = initialize(workspaceId, { awsRegion: region, awsCredentials: { accessKeyId: 'none', secretAccessKey: 'none' } });

createRoot(document.getElementById('page')).render(
  <div style={{ position: 'relative', width, height }}>
    <SceneViewer
      sceneComposerId='scene'
      sceneLoader={source.s3SceneLoader(sceneId)}
      sceneMetadataModule={source.sceneMetadataModule(sceneId)}
      valueDataBindingProviders={source.valueDataBindingProviders()}
      activeCamera={camera}
      viewport={{ duration: seconds * 1000 }}
      dataBindingTemplate={{}}
      config={{ featureConfig: { AutoQuery: true, DynamicScene: true } }}
      onWidgetClick={(clicked) => window.clicked(clicked.additionalComponentData[0])}
    />
  </div>,
);

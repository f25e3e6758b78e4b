from django.apps import AppConfig


class DicomNetworkConfig(AppConfig):
    name = "qperfweb.dicom_network"
    default_auto_field = "django.db.models.BigAutoField"

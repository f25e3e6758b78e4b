from django.urls import path

from . import views

urlpatterns = [
    path("privacy/", views.privacy, name="privacy"),
    path("privacy/<slug:slug>/", views.privacy, name="privacy-of"),
    path("privacy/<slug:slug>/policy/", views.policy_change, name="privacy-policy"),
    path("privacy/<slug:slug>/reveal/", views.reveal, name="privacy-reveal"),
    path("studies/<int:study_id>/erase/", views.erase, name="patient-erase"),
    path("studies/<int:study_id>/hold/", views.hold, name="patient-hold"),
    path("studies/<int:study_id>/patient.zip", views.patient_zip, name="patient-zip"),
    path(
        "studies/<int:study_id>/deidentified.zip", views.deidentified_zip, name="deidentified-zip"
    ),
]
